// Types of the operations, made from the committed schema into src/api/types.ts.

export default {
  schema: '../schema.graphql',
  documents: 'operations/*.graphql',
  silent: true,
  config: {
    // A scalar that nobody gave a type here is an error.
    strictScalars: true,
    scalars: { DateTime: 'string', LeaseToken: 'string', ProviderKey: 'string', Usd: 'string' },
    enumType: 'string-literal',
    useTypeImports: true,
    skipTypename: true,
    // The fragment KeyRow stands in each document that uses it.
    dedupeFragments: true,
  },
  generates: { [process.env.TYPES_FILE ?? 'src/api/types.ts']: { plugins: ['typescript-operations'] } },
};
