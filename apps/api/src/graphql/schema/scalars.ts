import { GraphQLScalarType } from 'graphql';

const RFC_3339 = 'https://www.rfc-editor.org/rfc/rfc3339';

/** Values that only go out, in the form in which the resolvers give them. */
function outgoing(name: string, description: string, specifiedByURL?: string): GraphQLScalarType {
  const refuse = (): never => {
    throw new Error(`${name} is nothing that can be sent.`);
  };
  return new GraphQLScalarType({
    name,
    description,
    ...(specifiedByURL === undefined ? {} : { specifiedByURL }),
    serialize: (value) => value,
    parseValue: refuse,
    parseLiteral: refuse,
  });
}

export const DateTime = outgoing(
  'DateTime',
  'An instant in UTC with milliseconds: `2026-11-21T17:35:00.000Z`.',
  RFC_3339,
);

export const Day = outgoing('Date', 'A UTC day: `2026-11-21`.', RFC_3339);

export const JsonScalar = outgoing('JSON', 'A JSON object, as it was sent.', 'https://www.rfc-editor.org/rfc/rfc8259');
