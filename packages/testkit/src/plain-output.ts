/** Runs before every test file: what is tested, and what it starts, writes without colours, wherever the tests run. Vitest sets FORCE_COLOR on a terminal. */
delete process.env['FORCE_COLOR'];
process.env['NO_COLOR'] = '1';
