'use strict';
// A process that runs a server, for tests that kill it or that run it as another account.
// Arguments: the compiled library, the data folder, a port (0 = any). Stops when its standard input ends.
const [library, dataDir, port] = process.argv.slice(2);
const { PostgresServer } = require(library);

const log = (level, message) => process.stdout.write(`${JSON.stringify({ level, message })}\n`);

PostgresServer.start({ dataDir, port: Number(port), settings: { fsync: 'off' }, onLog: log }).then(
  (server) => {
    const { url, folder, pid } = server;
    process.stdout.write(`${JSON.stringify({ ready: { url, folder, pid, port: server.port } })}\n`);
    process.stdin.resume().on('end', () => server.stop().then(() => process.exit(0)));
  },
  (error) => {
    process.stdout.write(`${JSON.stringify({ failed: error.message })}\n`);
    process.exit(1);
  },
);
