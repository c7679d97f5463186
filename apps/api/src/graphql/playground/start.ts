/**
 * The script that starts GraphiQL. Queries go by POST; a subscription has a WebSocket of its own, which shows the key of
 * the header editor in `connection_init`. Headers stay in the page: they hold the key.
 */
export const START = `const base = new URL('./', document.currentScript.src).href;
const endpoint = base.replace(/\\/$/, '');

const workers = {};
self.MonacoEnvironment = {
  globalAPI: false,
  // From a blob: an importScripts of our own origin needs no other policy than this page's.
  getWorker: async (_, label) => {
    const file = { json: 'json.worker.js', graphql: 'graphql.worker.js' }[label] ?? 'editor.worker.js';
    workers[file] ??= fetch(base + file).then((answer) => answer.blob()).then((blob) => URL.createObjectURL(blob));
    return new Worker(await workers[file]);
  },
};

function isSubscription({ query, operationName }, documentAST) {
  const operations = (documentAST?.definitions ?? []).filter(({ kind }) => kind === 'OperationDefinition');
  const chosen = operations.find(({ name }) => operationName == null || name?.value === operationName);
  return chosen?.operation === 'subscription';
}

async function post(request, headers) {
  const answer = await fetch(endpoint, {
    method: 'POST',
    headers: {
      'Content-Type': 'application/json',
      Accept: 'application/graphql-response+json, application/json;q=0.9',
      ...headers,
    },
    body: JSON.stringify(request),
  });
  return answer.json();
}

function keyOf(headers) {
  const named = Object.entries(headers ?? {}).map(([name, value]) => [name.toLowerCase(), value]);
  const { 'x-api-key': apiKey, authorization } = Object.fromEntries(named);
  return apiKey === undefined ? { Authorization: authorization } : { apiKey };
}

async function* subscribe(request, headers) {
  const socket = new WebSocket(endpoint.replace(/^http/, 'ws'), 'graphql-transport-ws');
  const results = [];
  let wake = () => undefined;
  let over = false;
  const say = (message) => socket.send(JSON.stringify(message));
  const take = (...taken) => {
    results.push(...taken);
    wake();
  };
  socket.onopen = () => say({ type: 'connection_init', payload: keyOf(headers) });
  socket.onclose = ({ code, reason }) => {
    if (!over) take({ errors: [{ message: 'Closed: ' + code + ' ' + reason }] });
    over = true;
    wake();
  };
  socket.onmessage = ({ data }) => {
    const { type, payload } = JSON.parse(data);
    if (type === 'connection_ack') say({ id: '1', type: 'subscribe', payload: request });
    else if (type === 'ping') say({ type: 'pong' });
    else if (type === 'next') take(payload);
    else if (type === 'error' || type === 'complete') {
      over = true;
      take(...(type === 'error' ? [{ errors: payload }] : []));
    }
  };
  try {
    for (;;) {
      while (results.length > 0) yield results.shift();
      if (over) return;
      await new Promise((resolve) => (wake = resolve));
    }
  } finally {
    over = true;
    socket.close(1000);
  }
}

YogaGraphiQL.renderYogaGraphiQL(document.querySelector('#root'), {
  title: 'Millrace GraphQL',
  logo: ' ',
  shouldPersistHeaders: false,
  headers: JSON.stringify({ 'X-API-Key': '' }, null, 2),
  query: '{\\n  lastEvents(limit: 5) {\\n    id\\n    name\\n    timestamp\\n    data\\n  }\\n}\\n',
  fetcher: (request, { headers, documentAST } = {}) =>
    isSubscription(request, documentAST) ? subscribe(request, headers) : post(request, headers),
});
`;
