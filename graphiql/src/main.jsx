// GraphiQL over this server: queries by POST, subscriptions over graphql-transport-ws, both with
// the Authorization header from the header editor.
import { GraphiQL } from 'graphiql';
import 'graphiql/style.css';
import { createRoot } from 'react-dom/client';

import { fetcher } from './fetcher.js';
import './page.css';
import { forgetful } from './storage.js';

const WELCOME = `# Put a login into the header editor below, as one of
#   {"Authorization": "Bearer <service token>"}
#   {"Authorization": "tma <Telegram init data>"}
# It is sent with every request and subscription, and stored nowhere.

{
  providers { code name health tasks { taskType listPrice } }
}
`;

createRoot(document.getElementById('graphiql')).render(
  <GraphiQL
    fetcher={fetcher}
    storage={forgetful}
    defaultQuery={WELCOME}
    defaultEditorToolsVisibility="headers"
    isHeadersEditorEnabled
    shouldPersistHeaders={false}
  />,
);
