// The operations by their ids, with the types of their answers. The text stays with the server.

import accountEvents from '../../operations/AccountEvents.graphql';
import checkKeyBalance from '../../operations/CheckKeyBalance.graphql';
import history from '../../operations/History.graphql';
import key from '../../operations/Key.graphql';
import providers from '../../operations/Providers.graphql';
import removeKey from '../../operations/RemoveKey.graphql';
import renameKey from '../../operations/RenameKey.graphql';
import settings from '../../operations/Settings.graphql';
import submitKey from '../../operations/SubmitKey.graphql';
import totals from '../../operations/Totals.graphql';
import type * as types from './types.ts';

/** An id that remembers what it asks for. */
export interface Operation<Data, Variables> {
  id: string;
  /** For the compiler alone. */
  readonly typed?: (variables: Variables) => Data;
}

const operation = <Data, Variables>(id: string): Operation<Data, Variables> => ({ id });

export const ACCOUNT_EVENTS = operation<types.AccountEventsSubscription, types.AccountEventsSubscriptionVariables>(accountEvents);
export const CHECK_KEY_BALANCE = operation<types.CheckKeyBalanceMutation, types.CheckKeyBalanceMutationVariables>(checkKeyBalance);
export const HISTORY = operation<types.HistoryQuery, types.HistoryQueryVariables>(history);
export const KEY = operation<types.KeyQuery, types.KeyQueryVariables>(key);
export const PROVIDERS = operation<types.ProvidersQuery, types.ProvidersQueryVariables>(providers);
export const REMOVE_KEY = operation<types.RemoveKeyMutation, types.RemoveKeyMutationVariables>(removeKey);
export const RENAME_KEY = operation<types.RenameKeyMutation, types.RenameKeyMutationVariables>(renameKey);
export const SETTINGS = operation<types.SettingsQuery, types.SettingsQueryVariables>(settings);
export const SUBMIT_KEY = operation<types.SubmitKeyMutation, types.SubmitKeyMutationVariables>(submitKey);
export const TOTALS = operation<types.TotalsQuery, types.TotalsQueryVariables>(totals);

export type Viewer = NonNullable<types.SettingsQuery['viewer']>;
export type KeyRow = Viewer['keys']['nodes'][number];
export type AccountEvent = types.AccountEventsSubscription['accountEvents'];
export type Posted = Extract<AccountEvent, { __typename: 'TransactionPosted' }>['transaction'];
export type Movement = NonNullable<types.HistoryQuery['viewer']>['transactions']['nodes'][number];
export type Provider = NonNullable<types.ProvidersQuery['providers']>[number];
export type KeyDetails = Extract<NonNullable<types.KeyQuery['node']>, { fingerprint: string }>;
