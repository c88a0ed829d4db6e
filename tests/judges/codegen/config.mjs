// Types of the whole schema, and typed documents for the operations beside this file, from the
// committed schema. What is made is not among the sources, yet where its imports are found.

const made = "../node_modules/.generated";

export default {
  schema: "../../../schema.graphql",
  documents: "operations.graphql",
  silent: true,
  config: {
    // A scalar that nobody gave a type here is an error.
    strictScalars: true,
    scalars: { DateTime: "string", LeaseToken: "string", ProviderKey: "string", Usd: "string" },
    enumsAsTypes: true,
    useTypeImports: true,
  },
  generates: {
    [`${made}/schema.ts`]: { plugins: ["typescript"] },
    [`${made}/operations.ts`]: { plugins: ["typescript-operations", "typed-document-node"] },
  },
};
