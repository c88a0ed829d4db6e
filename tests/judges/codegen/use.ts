// Code of a client, as its author would write it: it compiles if the generated types are right.

import type { TypedDocumentNode } from "@graphql-typed-document-node/core";

import * as generated from "../node_modules/.generated/operations.js";
import type * as schema from "../node_modules/.generated/schema.js";

declare function run<Data, Variables>(document: TypedDocumentNode<Data, Variables>, variables: Variables): Promise<Data>;

export async function balances(): Promise<Map<string, string | null | undefined>> {
  const { viewer } = await run(generated.OverviewDocument, { first: 5, kinds: ["RECYCLE_CREDIT"] });
  return new Map(viewer?.keys.nodes.map((key) => [key.id, key.balance]));
}

export async function handOver(key: string): Promise<string | undefined> {
  const { submitKey } = await run(generated.HandOverDocument, { input: { provider: "CAPSOLVER", key } });
  const [refusal] = submitKey?.userErrors ?? [];
  return refusal?.code === "TOO_MANY_SUBMISSIONS" ? refusal.retryAt ?? undefined : submitKey?.key?.problem?.message;
}

export async function lease(taskId: string): Promise<string | undefined> {
  const route = { taskType: "TURNSTILE", account: { telegramUserId: "5000000001" } } as const;
  const { openLease } = await run(generated.LeaseDocument, { input: { taskId, route } });
  return openLease?.lease?.token;
}

export function amount(data: generated.EventsSubscription): string | undefined {
  const event = data.accountEvents;
  return event.__typename === "TransactionPosted" ? event.transaction.amount : undefined;
}

// @ts-expect-error: money is text, never a number.
export const wrong: schema.SpendCreditsInput = { account: { id: "x" }, amount: 1, idempotencyKey: "x" };

// @ts-expect-error: an account is named in one way.
export const twice: schema.AccountRefInput = { id: "x", telegramUserId: "1" };
