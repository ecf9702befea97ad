/**
 * Before a draft is loaded: it may import nothing, print nothing, and finds neither the network nor the process. What Node's permissions keep from
 * it (files, child processes, threads, addons) needs no guard. This protects the machine from a draft, not the score from one that cheats.
 */
import { registerHooks } from 'node:module';

const folder = new URL('.', import.meta.url).href;
const trusted = new Set([undefined, folder, ...['guard', 'suite', 'reporter'].map((name) => `${folder}${name}.mjs`)]);

registerHooks({
  resolve(specifier, context, next) {
    if (!trusted.has(context.parentURL)) throw new Error(`A draft may import nothing, not ${specifier}.`);
    return next(specifier, context);
  },
});
for (const name of Object.keys(console)) console[name] = () => {};
for (const name of ['fetch', 'WebSocket', 'EventSource', 'process']) delete globalThis[name];
