import type { ChatChunk as Chunk, ChatStats, ErrorBody, OriginSpan, StoredChatDetails, StoredChatItem, StoredMessageItem } from './schema';

/** What the host sends (see `schema.ts`) as the chat page has it, and what of it is the page's own. */
export type Origin = OriginSpan['from'];

/** Characters (UTF-16 units) in a row that come from one place; the pieces of a run do not say how many tokens they are. */
export type Run = Omit<OriginSpan, 'tokens'> & Partial<Pick<OriginSpan, 'tokens'>>;

export type Stats = ChatStats;

/** One event of an answer: a part of it, or why it ends here. */
export type ChatChunk = Chunk & Partial<ErrorBody>;

export type Role = StoredMessageItem['role'];

/** What a message holds besides its text; the host keeps it as it is. */
export interface MessageMeta {
  origin?: Run[];
  reasoning?: string;
  reasoning_origin?: Run[];
  model?: string;
  stats?: Stats;
  tokens?: number;
  error?: string;
  /** Ended by the user, or by a page that was closed. */
  stopped?: boolean;
}

export type Message = Omit<StoredMessageItem, 'meta' | 'created_at'> & { meta: MessageMeta; created_at?: string };

export interface ChatSettings {
  model?: string;
  /** Absent: the model's default. `off`, `auto` or a key. */
  draft?: string;
  proposer?: 'draft' | 'ngram' | 'combined';
  /** Absent: the model's default. */
  length?: number | 'auto';
  min_length?: number;
  min_probability?: number;
  system?: string;
  temperature?: number;
  top_p?: number;
  top_k?: number;
  min_p?: number;
  repeat_penalty?: number;
  max_tokens?: number;
  seed?: number;
}

export type ChatSummary = Omit<StoredChatItem, 'created_at'>;

/** A chat without its messages. `leaf` is the last one of the branch that is shown. */
export type Chat = ChatSummary & Pick<StoredChatDetails, 'leaf'> & { settings: ChatSettings };

export type ChatDetails = Chat & { items: Message[] };
