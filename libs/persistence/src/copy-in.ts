import type { ClientBase, Connection, Submittable } from 'pg';

/** What pg's types leave out of a connection. */
interface CopyingConnection extends Connection {
  endCopyFrom(): void;
  sendCopyFail(reason: string): void;
}

/**
 * Runs a `COPY … FROM STDIN`. pg has the messages of it and no statement for them.
 *
 * @param messages `CopyData`, whole.
 */
export async function copyIn(client: ClientBase, sql: string, messages: readonly Buffer[]): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    client.query(
      new Copy(sql, messages, (error) => {
        if (error === null) resolve();
        else reject(error);
      }),
    );
  });
}

/** The calls that pg makes on its active query. */
class Copy implements Submittable {
  private failed = false;

  constructor(
    private readonly sql: string,
    private readonly messages: readonly Buffer[],
    /** pg puts its own time-out around it. */
    public callback: (error: Error | null) => void,
  ) {}

  submit(connection: Connection): void {
    connection.query(this.sql);
  }

  handleCopyInResponse(connection: CopyingConnection): void {
    if (this.failed) {
      connection.sendCopyFail('given up');
      return;
    }
    const { stream } = connection;
    // One system call for many messages.
    stream.cork();
    for (const message of this.messages) stream.write(message);
    connection.endCopyFrom();
    stream.uncork();
  }

  handleError(error: Error): void {
    this.failed = true;
    this.callback(error);
  }

  handleCommandComplete(): void {
    // What counts is that the server is ready again.
  }

  handleReadyForQuery(): void {
    if (!this.failed) this.callback(null);
  }
}
