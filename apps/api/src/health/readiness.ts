/** Whether this process wants traffic. Set by whoever starts and stops it; PostgreSQL is asked beside it. */
export class Readiness {
  ready = false;
}
