import { oneOf, optional, text, url, wholeNumber } from './setting';

/** Of a bucket that has the files of old events. */
export const bucketSettings = {
  coldBucket: optional(
    text(
      'MILLRACE_COLD_S3_BUCKET',
      'Bucket for the files of old events; MILLRACE_COLD_DIR then has what is being written or was fetched.',
    ),
  ),
  coldEndpoint: optional(
    url(
      'MILLRACE_COLD_S3_ENDPOINT',
      'S3 server of the bucket, as https://host:port; without it that of AWS in MILLRACE_COLD_S3_REGION.',
      ['http:', 'https:'],
    ),
  ),
  coldRegion: text('MILLRACE_COLD_S3_REGION', 'Region of the bucket.', { fallback: 'us-east-1' }),
  coldPrefix: text('MILLRACE_COLD_S3_PREFIX', 'What the names of objects begin with, such as millrace/.', {
    fallback: '',
  }),
  coldAccessKeyId: optional(
    text(
      'MILLRACE_COLD_S3_ACCESS_KEY_ID',
      'Key of the S3 server; without it what the AWS_ variables, files or roles of the machine say.',
    ),
  ),
  coldSecretAccessKey: optional(text('MILLRACE_COLD_S3_SECRET_ACCESS_KEY', 'Secret of that key.', { secret: true })),
  coldPathStyle: optional(
    oneOf(
      'MILLRACE_COLD_S3_PATH_STYLE',
      'The bucket is in the path of a URL (true) or in its host name (false); without it true where MILLRACE_COLD_S3_ENDPOINT is set.',
      ['true', 'false'],
    ),
  ),
  coldCacheBytes: wholeNumber(
    'MILLRACE_COLD_CACHE_BYTES',
    'Bytes of files from the bucket that MILLRACE_COLD_DIR keeps; what was used least recently goes first.',
    { min: 1_000_000, max: 1_000_000_000_000, fallback: 2_000_000_000 },
  ),
};
