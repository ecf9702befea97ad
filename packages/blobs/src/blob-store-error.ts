/** What can go wrong between us and a blob store. That something is not there is an outcome, and a value. */

export type BlobStoreErrorCode =
  /** No answer, or one that another try may mend. */
  | 'UNREACHABLE'
  /** It is there, and does not let us: a missing bucket or permission, a full disk. */
  | 'REFUSED';

export class BlobStoreError extends Error {
  override readonly name = 'BlobStoreError';
  readonly code: BlobStoreErrorCode;

  constructor(code: BlobStoreErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
