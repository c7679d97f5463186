import {
  getArgumentValues,
  getNamedType,
  GraphQLError,
  isCompositeType,
  isInterfaceType,
  isObjectType,
  Kind,
  valueFromASTUntyped,
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLField,
  type GraphQLNamedType,
  type GraphQLSchema,
  type OperationDefinitionNode,
  type SelectionSetNode,
} from 'graphql';
import type { Arguments } from './read-arguments';
import type { SizeOf } from './schema/sizes';

/** What one document may ask for. */
export const DOCUMENT_LIMITS = { tokens: 2000, fields: 300, depth: 8, aliases: 20, cost: 40_000 } as const;

/** What a part of a document asks for, with its fragments written out. */
interface Weight {
  readonly depth: number;
  readonly aliases: number;
  readonly cost: number;
}

const NOTHING: Weight = { depth: 0, aliases: 0, cost: 0 };

/**
 * Why a document asks for too much; undefined when it does not. To be asked before the validation, which compares fields
 * of one name with each other, for half a second where 500 have it. Each fragment is looked at once, however often it is
 * spread, and each counts, used or not.
 *
 * A field costs 1, and those inside a list as much as the list may be long: `first`, `limit`, `minutes`, `windows`, or
 * the days of a range. What describes the schema has no depth, so that the tools' own query passes; a rule of the
 * specification bounds it.
 *
 * @param variables as they were sent.
 */
export function checkLimits(
  schema: GraphQLSchema,
  document: DocumentNode,
  variables: Arguments,
): GraphQLError | undefined {
  const scale = new Scale(schema, document);
  try {
    for (const definition of document.definitions) {
      if (definition.kind === Kind.OPERATION_DEFINITION) scale.checkOperation(definition, variables);
      else if (definition.kind === Kind.FRAGMENT_DEFINITION) scale.checkFragment(definition);
    }
    return undefined;
  } catch (error) {
    if (error instanceof GraphQLError) return error;
    throw error;
  }
}

/** Weighs the definitions of one document. */
class Scale {
  private readonly fragments: ReadonlyMap<string, FragmentDefinitionNode>;
  /** Undefined while it is being weighed. */
  private weighed = new Map<string, Weight | undefined>();
  private variables: Record<string, unknown> = {};
  private fields = 0;

  constructor(
    private readonly schema: GraphQLSchema,
    { definitions }: DocumentNode,
  ) {
    const fragments = definitions.filter(({ kind }) => kind === Kind.FRAGMENT_DEFINITION) as FragmentDefinitionNode[];
    this.fragments = new Map(fragments.map((fragment) => [fragment.name.value, fragment]));
  }

  checkOperation(
    { operation, variableDefinitions = [], selectionSet }: OperationDefinitionNode,
    sent: Arguments,
  ): void {
    this.variables = {};
    // Only what it declares: copied as often as there are operations, all that was sent takes seconds.
    for (const { variable, defaultValue } of variableDefinitions) {
      const name = variable.name.value;
      if (Object.hasOwn(sent, name)) this.variables[name] = sent[name];
      else if (defaultValue !== undefined) this.variables[name] = valueFromASTUntyped(defaultValue);
    }
    // Sizes may be those of variables, whose defaults each operation has for itself.
    this.weighed = new Map();
    refuseBeyond(this.ofSelections(selectionSet, this.schema.getRootType(operation)));
  }

  /** One that no operation spreads. */
  checkFragment({ name }: FragmentDefinitionNode): void {
    if (this.weighed.has(name.value)) return;
    this.variables = {};
    refuseBeyond(this.ofFragment(name.value));
  }

  private ofSelections({ selections }: SelectionSetNode, parent: GraphQLNamedType | null | undefined): Weight {
    let { depth, aliases, cost } = NOTHING;
    for (const selection of selections) {
      const weight =
        selection.kind === Kind.FIELD
          ? this.ofField(selection, parent)
          : selection.kind === Kind.FRAGMENT_SPREAD
            ? this.ofFragment(selection.name.value)
            : this.ofSelections(selection.selectionSet, this.typeOf(selection.typeCondition?.name.value) ?? parent);
      depth = Math.max(depth, weight.depth);
      aliases += weight.aliases;
      cost += weight.cost;
    }
    return { depth, aliases, cost };
  }

  private ofField(node: FieldNode, parent: GraphQLNamedType | null | undefined): Weight {
    this.fields += 1;
    if (this.fields > DOCUMENT_LIMITS.fields)
      throw refusal(`The document has more than ${DOCUMENT_LIMITS.fields} fields.`, 'too-many-fields');
    const name = node.name.value;
    const field = isObjectType(parent) || isInterfaceType(parent) ? parent.getFields()[name] : undefined;
    const type = field === undefined ? undefined : getNamedType(field.type);
    const inside = node.selectionSet === undefined ? NOTHING : this.ofSelections(node.selectionSet, type);
    return {
      depth: name.startsWith('__') ? 0 : 1 + inside.depth,
      aliases: inside.aliases + (node.alias === undefined ? 0 : 1),
      cost: 1 + inside.cost * this.sizeOf(node, field),
    };
  }

  private ofFragment(name: string): Weight {
    const fragment = this.fragments.get(name);
    if (fragment === undefined) return NOTHING; // validation says so
    const known = this.weighed.get(name);
    if (known !== undefined) return known;
    if (this.weighed.has(name)) throw refusal(`Fragment "${name}" must not spread itself.`, 'invalid');
    this.weighed.set(name, undefined);
    const weight = this.ofSelections(fragment.selectionSet, this.typeOf(fragment.typeCondition.name.value));
    this.weighed.set(name, weight);
    return weight;
  }

  private sizeOf(node: FieldNode, field: GraphQLField<unknown, unknown> | undefined): number {
    const size = field?.extensions['size'] as SizeOf | undefined;
    if (field === undefined || size === undefined) return 1;
    try {
      return size(getArgumentValues(field, node, this.variables));
    } catch {
      return 1; // of a wrong type: validation says so
    }
  }

  private typeOf(name: string | undefined): GraphQLNamedType | undefined {
    const type = name === undefined ? undefined : this.schema.getType(name);
    return isCompositeType(type) ? type : undefined;
  }
}

function refuseBeyond({ depth, aliases, cost }: Weight): void {
  const most = DOCUMENT_LIMITS;
  if (depth > most.depth) throw refusal(`The document is nested deeper than ${most.depth} fields.`, 'too-deep');
  if (aliases > most.aliases) throw refusal(`The document has more than ${most.aliases} aliases.`, 'too-many-aliases');
  if (cost > most.cost)
    throw refusal(
      `The document may cost ${cost} fields; ${most.cost} are allowed. Ask for shorter lists.`,
      'too-costly',
    );
}

function refusal(message: string, code: string): GraphQLError {
  return new GraphQLError(message, { extensions: { code } });
}
