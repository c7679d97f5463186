'use strict';
const fs = require('node:fs');
const path = require('node:path');
const { fetchJars, jarFolder, javaCommand, missingForJars } = require('../java/fetched-jars.cjs');

const KAFKA_VERSION = '4.1.1';
const cacheDir = jarFolder(`kafka-${KAFKA_VERSION}`);

/** @returns {string | undefined} a sentence saying what a local broker lacks on this machine; undefined: nothing. */
function missingForKafka() {
  return missingForJars('Kafka', cacheDir);
}

/**
 * Resolves with the class path of the broker; the first call on a machine fetches 43 MB.
 * @param {(line: string) => void} onProgress told when something is fetched.
 * @returns {Promise<string>}
 */
async function kafkaClassPath(onProgress) {
  if (!fs.existsSync(cacheDir)) {
    onProgress(`Fetching Kafka ${KAFKA_VERSION} with Maven (43 MB, once) …`);
    const pom = ['-f', path.join(__dirname, 'pom.xml')];
    await fetchJars(`Kafka ${KAFKA_VERSION}`, cacheDir, [
      ...pom,
      'dependency:copy-dependencies',
      '-DincludeScope=runtime',
    ]);
  }
  return path.join(cacheDir, '*');
}

module.exports = { javaCommand, kafkaClassPath, missingForKafka };
