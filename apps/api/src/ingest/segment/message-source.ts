import { JsonText } from '@app/events';

type Path = readonly (string | number)[];

/** What a message shares with the others of its batch, where it does not bring its own. */
const SHARED: ReadonlySet<unknown> = new Set(['context', 'integrations']);

/** The text of one message, as the rules look for it: by the places where its values will be in the event. */
export class MessageSource extends JsonText {
  /**
   * @param body one for all messages: it remembers what it has read.
   * @param place of the message in it.
   */
  constructor(
    private readonly body: JsonText,
    private readonly place: Path,
  ) {
    super('');
  }

  override isWideInteger(path: Path): boolean {
    // All that has no field of its own stands in the event's context, and stood in the message itself.
    const sent = path[0] === 'context' ? path.slice(1) : path;
    if (this.body.isWideInteger([...this.place, ...sent])) return true;
    return SHARED.has(sent[0]) && this.body.isWideInteger(sent);
  }
}
