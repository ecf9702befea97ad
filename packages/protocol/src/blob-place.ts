/** Where payloads over the inline limit are kept, as BATON_BLOBS says it: `redis`, `dir:/path`, `s3://bucket/prefix?endpoint=…&region=…`. */
import { z } from 'zod';

export type BlobPlace =
  | { readonly kind: 'redis' }
  | { readonly kind: 'directory'; readonly path: string }
  | {
      readonly kind: 's3';
      readonly bucket: string;
      /** Before each key: empty, or with a slash at its end. */
      readonly keyPrefix: string;
      readonly endpoint?: string;
      readonly region?: string;
    };

const shape = 'must be redis, dir:/a/path, or s3://bucket/prefix?endpoint=https://host:port&region=name';
const bucketName = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/;

/** The same in all processes of a deployment. */
export const Blobs = z
  .string()
  .default('redis')
  .transform((text, { issues }): BlobPlace => {
    const place = placeOf(text);
    if (typeof place !== 'string') return place;
    issues.push({ code: 'custom', message: place, input: undefined });
    return z.NEVER;
  });

/** @returns what is wrong, which never repeats what was given: it may have a secret in it */
function placeOf(text: string): BlobPlace | string {
  if (text === 'redis') return { kind: 'redis' };
  if (text.startsWith('dir:'))
    return text.startsWith('dir:/') ? { kind: 'directory', path: text.slice('dir:'.length) } : 'the path after dir: must be absolute';
  return text.startsWith('s3:') && URL.canParse(text) ? bucketOf(new URL(text)) : shape;
}

function bucketOf({ hostname, pathname, searchParams, username, password, hash }: URL): BlobPlace | string {
  if (username !== '' || password !== '') return 'must have no credentials in it: they come from AWS_ACCESS_KEY_ID and the like';
  if (!bucketName.test(hostname)) return `${shape}; the name of a bucket is 3 to 63 of a-z 0-9 . and -`;
  const unknown = [...searchParams.keys()].filter((name) => name !== 'endpoint' && name !== 'region');
  if (unknown.length > 0 || hash !== '') return `${shape}; it takes no other options`;
  const [endpoint, region] = [searchParams.get('endpoint'), searchParams.get('region')];
  if (endpoint !== null && !/^https?:\/\/[^@]+$/.test(endpoint)) return 'its endpoint must be a URL like https://host:port, without credentials';
  const keyPrefix = decodeURIComponent(pathname).replace(/^\/|\/$/g, '');
  return {
    kind: 's3',
    bucket: hostname,
    keyPrefix: keyPrefix === '' ? '' : `${keyPrefix}/`,
    ...(endpoint !== null && { endpoint }),
    // Others than AWS have none, and the client insists on one.
    ...(region !== null ? { region } : endpoint !== null && { region: 'us-east-1' }),
  };
}
