/** Internal type. DO NOT USE DIRECTLY. */
type Exact<T extends { [key: string]: unknown }> = { [K in keyof T]: T[K] };
/** Internal type. DO NOT USE DIRECTLY. */
export type Incremental<T> = T | { [P in keyof T]?: P extends ' $fragmentName' | '__typename' ? T[P] : never };
/** Codes of checkKeyBalance. */
export type CheckKeyBalanceErrorCode =
  /** There is no such key of the caller. */
  | 'KEY_NOT_FOUND'
  /** The key is removed; hand it over again. */
  | 'KEY_REMOVED';

/** Input of checkKeyBalance. */
export type CheckKeyBalanceInput = {
  /** Opaque id of the key. */
  keyId: string | number;
};

/** How the cost of an attempt is learnt. */
export type CostSource =
  /** The key's balance before and after. */
  | 'BALANCE_DELTA'
  /** The provider's list price, provisional until reconciled. */
  | 'PRICE_LIST'
  /** The provider states the cost of each task. */
  | 'REPORTED';

/** What can stand in a key's way. */
export type KeyProblemCode =
  /** The provider does not let our servers use this key; its owner can allow them there. */
  | 'ADDRESS_NOT_ALLOWED'
  /** The provider's figure could not be read and the last one stands. */
  | 'BALANCE_UNREADABLE'
  /** Stopped by an operator or by the key's rightful owner. */
  | 'BLOCKED'
  /** The key rests until it is known whether an attempt was charged. */
  | 'CHECKING_CHARGE'
  /** Its stored form failed the seal's check; hand the key over again. */
  | 'INTEGRITY_FAILED'
  /** The key's worth is a package or subscription that tasks would use up without a credit, so it is not lent. */
  | 'PREPAID'
  /** The provider is in trouble or refuses our servers; the key is not to blame. */
  | 'PROVIDER_UNAVAILABLE'
  /** The provider counts in tokens and no dollar rate is set, so the key is not lent. */
  | 'RATE_MISSING'
  /** The provider rejects the key: wrong, expired or disabled; the key is INVALID. */
  | 'REJECTED'
  /** The provider rejected the key once; it rests until a second look. */
  | 'REJECTION_UNCONFIRMED'
  /** The provider blocks the key for a while. */
  | 'TEMPORARILY_BLOCKED'
  /** It waits for its turn to be validated. */
  | 'VALIDATION_QUEUED';

/** Where a key is in its life. */
export type KeyStatus =
  /** Validated and in the routing pool. */
  | 'ACTIVE'
  /** Balance used up; it returns by itself after a top-up. */
  | 'DEPLETED'
  /** Rejected by the provider. */
  | 'INVALID'
  /** Handed over, the provider's verdict is awaited. */
  | 'PENDING'
  /** Removed by its owner. */
  | 'REMOVED';

/** Constant names of the providers. */
export type ProviderCode =
  /** Anti-Captcha. */
  | 'ANTI_CAPTCHA'
  /** CapMonster Cloud. */
  | 'CAPMONSTER_CLOUD'
  /** CapSolver. */
  | 'CAPSOLVER'
  /** Multibot. */
  | 'MULTIBOT'
  /** 2Captcha. */
  | 'TWO_CAPTCHA'
  /** UCaptcha Native. */
  | 'UCAPTCHA_NATIVE';

/** How a provider does. */
export type ProviderHealth =
  /** Many calls fail, or the first trial calls after a pause run. */
  | 'DEGRADED'
  /** Calls succeed. */
  | 'HEALTHY'
  /** Calls are paused. */
  | 'UNAVAILABLE';

/** Codes of removeKey. */
export type RemoveKeyErrorCode =
  /** There is no such key of the caller. */
  | 'KEY_NOT_FOUND';

/** Input of removeKey. */
export type RemoveKeyInput = {
  /** Opaque id of the key. */
  keyId: string | number;
};

/** Codes of renameKey. */
export type RenameKeyErrorCode =
  /** There is no such key of the caller. */
  | 'KEY_NOT_FOUND'
  /** The label is too long, has control characters, or a word that looks like a key. */
  | 'LABEL_FORMAT';

/** Input of renameKey. */
export type RenameKeyInput = {
  /** Opaque id of the key. */
  keyId: string | number;
  /** The new label, at most 64 characters; null takes it away. */
  label?: string | null | undefined;
};

/** Codes of submitKey. */
export type SubmitKeyErrorCode =
  /** The account is frozen. */
  | 'ACCOUNT_FROZEN'
  /** The text cannot be a key of this provider; nobody was asked. */
  | 'KEY_FORMAT'
  /** The account has as many keys as it may. */
  | 'KEY_LIMIT'
  /** The key cannot be taken here; nobody was asked. */
  | 'KEY_NOT_ACCEPTED'
  /** The label is too long, has control characters, or a word that looks like a key. */
  | 'LABEL_FORMAT'
  /** New keys of this provider are not taken now. */
  | 'PROVIDER_CLOSED'
  /** Too many submissions; see retryAt. */
  | 'TOO_MANY_SUBMISSIONS';

/** Input of submitKey. */
export type SubmitKeyInput = {
  /** The key, as copied from the provider. */
  key: string;
  /** The owner's own name for it, at most 64 characters; null keeps the one it had. */
  label?: string | null | undefined;
  /** The provider that issued the key. */
  provider: ProviderCode;
};

/** Kinds of task, the same for all providers. */
export type TaskType =
  /** AWS WAF. */
  | 'AWS_WAF'
  /** DataDome slider. */
  | 'DATADOME'
  /** Arkose FunCaptcha. */
  | 'FUNCAPTCHA'
  /** GeeTest v3 or v4. */
  | 'GEETEST'
  /** HCaptcha. */
  | 'HCAPTCHA'
  /** Text from a picture. */
  | 'IMAGE_TO_TEXT'
  /** ReCAPTCHA v2. */
  | 'RECAPTCHA_V2'
  /** ReCAPTCHA v2 Enterprise. */
  | 'RECAPTCHA_V2_ENTERPRISE'
  /** ReCAPTCHA v3. */
  | 'RECAPTCHA_V3'
  /** ReCAPTCHA v3 Enterprise. */
  | 'RECAPTCHA_V3_ENTERPRISE'
  /** Cloudflare Turnstile. */
  | 'TURNSTILE';

/** Kinds of movement. */
export type TransactionKind =
  /** A correction after reconciliation. */
  | 'ADJUSTMENT'
  /** Credits bought. */
  | 'DEPOSIT'
  /** The provider's charge on a recycled key, credited to its owner. */
  | 'RECYCLE_CREDIT'
  /** A recycling credit taken back. */
  | 'RECYCLE_REVERSAL'
  /** Credits spent on tasks. */
  | 'SPEND';

export type AccountEventsSubscriptionVariables = Exact<{
  after?: string | null | undefined;
}>;


export type AccountEventsSubscription = { accountEvents:
    | { __typename: 'AccountSnapshot', missedEvents: boolean, cursor: string }
    | { __typename: 'KeyChanged', cursor: string, key: { id: string, label: string | null, fingerprint: string, status: KeyStatus, balance: string | null, held: string, underReview: string, credited: string, outsideSpending: string, balanceCheckedAt: string | null, checkableAt: string, lendable: boolean, submittedAt: string, version: number, provider: { code: ProviderCode }, problem: { code: KeyProblemCode, message: string, providerCode: string | null, retryAt: string | null } | null } }
    | { __typename: 'TransactionPosted', cursor: string, transaction: { id: string, kind: TransactionKind, amount: string, balanceAfter: string, postedAt: string, taskType: TaskType | null, costSource: CostSource | null, provisional: boolean, note: string | null, key: { id: string, label: string | null, provider: { code: ProviderCode } } | null, corrects: { id: string, amount: string, postedAt: string } | null } }
   };

export type KeyRowFragment = { id: string, label: string | null, fingerprint: string, status: KeyStatus, balance: string | null, held: string, underReview: string, credited: string, outsideSpending: string, balanceCheckedAt: string | null, checkableAt: string, lendable: boolean, submittedAt: string, version: number, provider: { code: ProviderCode }, problem: { code: KeyProblemCode, message: string, providerCode: string | null, retryAt: string | null } | null };

export type CheckKeyBalanceMutationVariables = Exact<{
  input: CheckKeyBalanceInput;
}>;


export type CheckKeyBalanceMutation = { checkKeyBalance: { checked: boolean, key: { id: string, label: string | null, fingerprint: string, status: KeyStatus, balance: string | null, held: string, underReview: string, credited: string, outsideSpending: string, balanceCheckedAt: string | null, checkableAt: string, lendable: boolean, submittedAt: string, version: number, provider: { code: ProviderCode }, problem: { code: KeyProblemCode, message: string, providerCode: string | null, retryAt: string | null } | null } | null, userErrors: Array<{ code: CheckKeyBalanceErrorCode, message: string }> } | null };

export type HistoryQueryVariables = Exact<{
  kinds?: Array<TransactionKind> | TransactionKind | null | undefined;
  first: number;
  after?: string | null | undefined;
}>;


export type HistoryQuery = { viewer: { transactions: { nodes: Array<{ id: string, kind: TransactionKind, amount: string, postedAt: string, taskType: TaskType | null, costSource: CostSource | null, provisional: boolean, note: string | null, key: { id: string, label: string | null, provider: { code: ProviderCode } } | null, corrects: { id: string, amount: string, postedAt: string } | null }>, pageInfo: { hasNextPage: boolean, endCursor: string | null } } } | null };

export type KeyQueryVariables = Exact<{
  id: string | number;
  since?: string | null | undefined;
}>;


export type KeyQuery = { node:
    | { nativeBalance: string | null, id: string, label: string | null, fingerprint: string, status: KeyStatus, balance: string | null, held: string, underReview: string, credited: string, outsideSpending: string, balanceCheckedAt: string | null, checkableAt: string, lendable: boolean, submittedAt: string, version: number, balanceHistory: Array<{ at: string, balance: string }>, transactions: { nodes: Array<{ id: string, kind: TransactionKind, amount: string, postedAt: string, taskType: TaskType | null, costSource: CostSource | null, provisional: boolean, corrects: { id: string, amount: string, postedAt: string } | null }> }, provider: { code: ProviderCode }, problem: { code: KeyProblemCode, message: string, providerCode: string | null, retryAt: string | null } | null }
    | Record<PropertyKey, never>
   | null };

export type ProvidersQueryVariables = Exact<{ [key: string]: never; }>;


export type ProvidersQuery = { providers: Array<{ code: ProviderCode, name: string, keyHint: string, keyPattern: string, health: ProviderHealth, acceptsKeys: boolean }> | null };

export type RemoveKeyMutationVariables = Exact<{
  input: RemoveKeyInput;
}>;


export type RemoveKeyMutation = { removeKey: { key: { id: string, label: string | null, fingerprint: string, status: KeyStatus, balance: string | null, held: string, underReview: string, credited: string, outsideSpending: string, balanceCheckedAt: string | null, checkableAt: string, lendable: boolean, submittedAt: string, version: number, provider: { code: ProviderCode }, problem: { code: KeyProblemCode, message: string, providerCode: string | null, retryAt: string | null } | null } | null, userErrors: Array<{ code: RemoveKeyErrorCode, message: string }> } | null };

export type RenameKeyMutationVariables = Exact<{
  input: RenameKeyInput;
}>;


export type RenameKeyMutation = { renameKey: { key: { id: string, label: string | null, fingerprint: string, status: KeyStatus, balance: string | null, held: string, underReview: string, credited: string, outsideSpending: string, balanceCheckedAt: string | null, checkableAt: string, lendable: boolean, submittedAt: string, version: number, provider: { code: ProviderCode }, problem: { code: KeyProblemCode, message: string, providerCode: string | null, retryAt: string | null } | null } | null, userErrors: Array<{ code: RenameKeyErrorCode, message: string }> } | null };

export type SettingsQueryVariables = Exact<{
  first: number;
  after?: string | null | undefined;
}>;


export type SettingsQuery = { viewer: { balance: string, credited: string, frozen: boolean, eventCursor: string, keys: { nodes: Array<{ id: string, label: string | null, fingerprint: string, status: KeyStatus, balance: string | null, held: string, underReview: string, credited: string, outsideSpending: string, balanceCheckedAt: string | null, checkableAt: string, lendable: boolean, submittedAt: string, version: number, provider: { code: ProviderCode }, problem: { code: KeyProblemCode, message: string, providerCode: string | null, retryAt: string | null } | null }>, pageInfo: { hasNextPage: boolean, endCursor: string | null } } } | null };

export type SubmitKeyMutationVariables = Exact<{
  input: SubmitKeyInput;
}>;


export type SubmitKeyMutation = { submitKey: { key: { id: string, label: string | null, fingerprint: string, status: KeyStatus, balance: string | null, held: string, underReview: string, credited: string, outsideSpending: string, balanceCheckedAt: string | null, checkableAt: string, lendable: boolean, submittedAt: string, version: number, provider: { code: ProviderCode }, problem: { code: KeyProblemCode, message: string, providerCode: string | null, retryAt: string | null } | null } | null, userErrors: Array<{ code: SubmitKeyErrorCode, message: string, retryAt: string | null }> } | null };

export type TotalsQueryVariables = Exact<{ [key: string]: never; }>;


export type TotalsQuery = { viewer: { balance: string, credited: string, frozen: boolean } | null };
