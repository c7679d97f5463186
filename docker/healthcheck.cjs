// node healthcheck.cjs /readyz: exit 0 when the app in this container answers 200 there. The image has no curl.
const { get } = require('node:http');

const port = process.env.PORT || process.env.HEALTH_PORT;
const request = get({ host: '127.0.0.1', port, path: process.argv[2] ?? '/healthz', timeout: 4000 }, (response) => {
  process.exit(response.statusCode === 200 ? 0 : 1);
});
request.on('timeout', () => process.exit(1));
request.on('error', () => process.exit(1));
