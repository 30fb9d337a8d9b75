/** What the host sends and takes. Names as on the wire. */
export type Origin = 'main' | 'draft' | 'ngram';

/** Characters (UTF-16 units) in a row that come from one place. */
export interface Run {
  chars: number;
  from: Origin;
  /** Tokens that the characters come from. */
  tokens?: number;
}

export interface Stats {
  tokens_per_second: number;
  time_to_first_token: number;
  generation_time: number;
  stop_reason: string;
  draft_model?: string;
  total_draft_tokens_count?: number;
  accepted_draft_tokens_count?: number;
  rejected_draft_tokens_count?: number;
  ignored_draft_tokens_count?: number;
  speculation_note?: string;
}

export interface Usage {
  prompt_tokens: number;
  completion_tokens: number;
}

export interface ChatChunk {
  choices: { delta: { content?: string; reasoning_content?: string; origin?: Run[]; reasoning_origin?: Run[] }; finish_reason: string | null }[];
  usage?: Usage;
  stats?: Stats;
  model?: string;
  error?: { message: string; code: string | null };
}

export type Role = 'user' | 'assistant';

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

export interface Message {
  id: string;
  parent: string | null;
  role: Role;
  content: string;
  meta: MessageMeta;
  created_at?: string;
}

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

export interface ChatSummary {
  id: string;
  /** Given by the user; null: none. */
  title: string | null;
  automatic_title: string | null;
  updated_at: string;
  messages: number;
}

export interface Chat extends ChatSummary {
  settings: ChatSettings;
  /** Last message of the branch that is shown. */
  leaf: string | null;
}

export interface ChatDetails extends Chat {
  items: Message[];
}
