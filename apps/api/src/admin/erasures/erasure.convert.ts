import type { StoredErasure } from '@app/persistence';

export interface RequestedErasureDto {
  readonly erasure_id: string;
}

/** What was removed so far. */
export interface RemovedDto {
  readonly hot: number;
  readonly cold: number;
  readonly dead_letters: number;
  readonly user_days: number;
}

export interface ErasureDto {
  readonly status: StoredErasure['status'];
  readonly removed: RemovedDto;
}

export function toErasureDto({ status, removed }: StoredErasure): ErasureDto {
  const { hot, cold, deadLetters: dead_letters, userDays: user_days } = removed;
  return { status, removed: { hot, cold, dead_letters, user_days } };
}
