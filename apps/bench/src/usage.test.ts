import { expect, test } from 'vitest';
import { commandsOf, cpuMsOf, infoNumber, rssBytesOf, spentBetween, type Usage } from './usage.ts';

test('CPU time is read past a name with spaces and parentheses', () => {
  const stat = '4242 (node (a) b) S 1 4242 4242 0 -1 4194304 100 0 0 0 150 25 7 9 20 0 11 0 123 456 789 18446744073709551615 1 1';
  expect(cpuMsOf(stat)).toBe(1_750);
});

test('what is no stat line is no zero', () => {
  expect(() => cpuMsOf('gone')).toThrow(/no \/proc/);
});

test('resident memory is in kB', () => {
  expect(rssBytesOf('Name:\tnode\nVmPeak:\t  900 kB\nVmRSS:\t  2048 kB\nRssAnon:\t 1 kB\n')).toBe(2_097_152);
});

test('a field of INFO is not taken for one whose name begins alike', () => {
  const info = '# CPU\r\nused_cpu_sys_children:9.5\r\nused_cpu_sys:1.25\r\nused_cpu_user:2\r\n';
  expect([infoNumber(info, 'used_cpu_sys'), infoNumber(info, 'used_cpu_user'), infoNumber(info, 'nothing')]).toEqual([1.25, 2, Number.NaN]);
});

test('commands with a subcommand are told apart', () => {
  const info =
    'cmdstat_evalsha:calls=7,usec=210,usec_per_call=30.00,rejected_calls=0,failed_calls=0\r\ncmdstat_config|get:calls=1,usec=5,usec_per_call=5.00\r\n';
  expect(commandsOf(info)).toEqual({ evalsha: { calls: 7, usec: 210 }, 'config|get': { calls: 1, usec: 5 } });
});

test('what was spent is the difference, of commands that were called', () => {
  const usage = (at: number, cpu: number, calls: Usage['commands']): Usage => ({
    at,
    cpuMs: { worker: cpu },
    rssBytes: {},
    usedMemoryBytes: 0,
    commands: calls,
  });
  const before = usage(1_000, 40, { get: { calls: 5, usec: 10 }, set: { calls: 1, usec: 1 } });
  const after = usage(3_000, 100, { get: { calls: 8, usec: 19 }, set: { calls: 1, usec: 1 }, xadd: { calls: 2, usec: 6 } });
  expect(spentBetween(before, after)).toEqual({ ms: 2_000, cpuMs: { worker: 60 }, commands: { get: { calls: 3, usec: 9 }, xadd: { calls: 2, usec: 6 } } });
});
