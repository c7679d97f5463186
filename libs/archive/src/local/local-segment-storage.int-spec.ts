import { describeSegmentStorage } from '../../test/segment-storage.contract';
import { LocalSegmentStorage } from './local-segment-storage';

describe('a folder', () => {
  describeSegmentStorage(async (folder) => {
    const storage = new LocalSegmentStorage(folder);
    await storage.prepare();
    return storage;
  });
});
