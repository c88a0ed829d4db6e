// What the bundler knows and TypeScript does not.

declare module '*.graphql' {
  /** The id of the operation, `sha256:…` of the file's text. */
  const id: string;
  export default id;
}
declare module '*.css';
