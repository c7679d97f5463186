/** What a transaction that stores has to know of erasures, which take rows away that are remembered to be there. */
export interface ErasureView {
  /** Rises when an erasure begins and when it ends. */
  readonly version: number;
  /** One goes on: names may lose the rows of their own. */
  readonly open: boolean;
  /** Of the users of this batch. */
  readonly wasErased: (projectId: number, userId: string) => boolean;
}

export const NOTHING_ERASED: ErasureView = { version: 0, open: false, wasErased: () => false };
