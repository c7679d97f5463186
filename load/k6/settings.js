/* global __ENV, open */
/** What the k6 scripts read from the environment (`k6 run -e NAME=value`); an empty one counts as missing. */

function number(name, fallback) {
  const value = Number(__ENV[name] || fallback);
  if (!(value > 0)) throw new Error(`${name} must be a number above 0`);
  return value;
}

function readKey() {
  if (__ENV.MILLRACE_KEY) return __ENV.MILLRACE_KEY;
  if (__ENV.LOAD_KEY_FILE) return open(__ENV.LOAD_KEY_FILE).trim();
  throw new Error('Set MILLRACE_KEY, or LOAD_KEY_FILE to the absolute path of a file that holds the key.');
}

export const url = `${(__ENV.MILLRACE_URL || 'http://127.0.0.1:3000').replace(/\/+$/, '')}/api/v1/events`;
export const key = readKey();

/**
 * First the rate is raised, then it is held. An open loop: requests leave at the rate whatever the service does, so that
 * a slow answer delays nobody behind it and shows in the latency of all who wait. Thresholds are those of the held rate.
 *
 * @param {{ rate: number, p99Ms: number }} defaults requests per second, and how long the slowest but 1 % may take
 */
export function rampThenSteady(defaults) {
  const rate = number('LOAD_RATE', defaults.rate);
  const rampSeconds = number('LOAD_RAMP_SECONDS', 10);
  const steadySeconds = number('LOAD_SECONDS', 30);
  const virtualUsers = { preAllocatedVUs: Math.ceil(rate / 20) + 5, maxVUs: Math.ceil(rate / 2) + 50 };
  return {
    scenarios: {
      ramp: {
        executor: 'ramping-arrival-rate',
        startRate: 1,
        timeUnit: '1s',
        stages: [{ target: rate, duration: `${rampSeconds}s` }],
        ...virtualUsers,
      },
      steady: {
        executor: 'constant-arrival-rate',
        startTime: `${rampSeconds}s`,
        rate,
        timeUnit: '1s',
        duration: `${steadySeconds}s`,
        ...virtualUsers,
      },
    },
    thresholds: {
      'http_req_failed{scenario:steady}': ['rate<0.001'],
      'http_req_duration{scenario:steady}': [`p(99)<${number('LOAD_P99_MS', defaults.p99Ms)}`],
      'checks{scenario:steady}': ['rate>0.999'],
      // Requests that could not leave in time: above, the rate was not reached and the latencies say nothing.
      'dropped_iterations{scenario:steady}': [`count<${Math.ceil(rate * steadySeconds * 0.01)}`],
    },
    summaryTrendStats: ['avg', 'med', 'p(95)', 'p(99)', 'max'],
  };
}

export function batchSize() {
  return number('LOAD_BATCH', 100);
}
