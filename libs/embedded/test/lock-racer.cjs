'use strict';
// Tries to lock folders, one every 20 ms from a given time on, and prints which it got. Keeps them until its input ends.
const { join } = require('node:path');
const [library, start, ...folders] = process.argv.slice(2);
const { FolderLock } = require(join(library, 'folder-lock.js'));

const got = folders.filter((folder, round) => {
  // Spinning instead of a timer: several processes must come within microseconds.
  while (Date.now() < Number(start) + round * 20);
  try {
    FolderLock.acquire(folder);
    return true;
  } catch (error) {
    if (error.code !== 'FOLDER_IN_USE') throw error;
    return false;
  }
});
process.stdout.write(`${JSON.stringify(got)}\n`);
process.stdin.resume().on('end', () => process.exit());
