export * from './blob-store-error.ts';
export * from './directory-blobs.ts';
export * from './open-blobs.ts';
export { isLonger } from './out-of-line.ts';
export * from './patient-blobs.ts';
export * from './payloads.ts';
export * from './redis-blobs.ts';
