import { getJson } from '../api/client';
import type { Chat, ChatDetails, ChatSettings, Message, MessageMeta } from '../api/types';
import { type Growing, readAnswer } from './answer';
import { newId } from './id';
import { Outbox, type SaveState, type Write } from './outbox';
import { append } from './origin';
import { Pacer } from './pacer';
import { requestOf } from './request';
import { combine } from './stats';
import { leafBelow, pathTo } from './tree';

/** What a chat looks like now; a new object with every change. */
export interface ChatView {
  chat: Chat;
  messages: ReadonlyMap<string, Message>;
  /** From the first message to the last one shown. */
  path: readonly Message[];
  /** The message that is being written. */
  writing: string | null;
  /** Texts that will be sent when the answer is there. */
  queue: readonly string[];
  saving: SaveState;
  stored: boolean;
}

export const chatPath = (id: string): string => `/api/tandem/chats/${id}`;

/** While an answer is written, the host gets what there is this often: a page that is closed loses no more. */
const saveEvery = 2000;

/** One chat: its messages, the answer that is being written, and how they get to the host. Lives as long as the page, shown or not. */
export class ChatSession {
  view: ChatView;
  growing: Growing | null = null;
  /** Counts drawings of the growing answer. */
  version = 0;
  private readonly readers = new Set<() => void>();
  private readonly growthReaders = new Set<() => void>();
  private readonly pacer = new Pacer(() => {
    this.version++;
    for (const reader of this.growthReaders)
      reader();
  });
  private readonly outbox: Outbox;
  private abort: AbortController | null = null;

  constructor(chat: Chat, items: readonly Message[], stored: boolean, private readonly listChanged: () => void) {
    this.outbox = new Outbox(() => this.change({ saving: this.outbox.state }));
    const messages = new Map(items.map((message) => [message.id, message]));
    this.view = { chat, messages, path: pathTo(messages, chat.leaf), writing: null, queue: [], saving: 'saved', stored };
  }

  static fresh(settings: ChatSettings, listChanged: () => void): ChatSession {
    const chat: Chat = { id: newId(), title: null, automatic_title: null, updated_at: new Date().toISOString(), messages: 0, settings, leaf: null };
    return new ChatSession(chat, [], false, listChanged);
  }

  static async load(id: string, listChanged: () => void): Promise<ChatSession> {
    const { items, ...chat } = await getJson<ChatDetails>(chatPath(id));
    return new ChatSession(chat, items, true, listChanged);
  }

  readonly subscribe = (reader: () => void): (() => void) => {
    this.readers.add(reader);
    return () => this.readers.delete(reader);
  };

  readonly subscribeGrowth = (reader: () => void): (() => void) => {
    this.growthReaders.add(reader);
    return () => this.growthReaders.delete(reader);
  };

  get busy(): boolean {
    return this.abort !== null;
  }

  set(settings: Partial<ChatSettings>): void {
    const merged = Object.fromEntries(Object.entries({ ...this.view.chat.settings, ...settings }).filter(([, value]) => value !== undefined));
    this.changeChat({ settings: merged });
  }

  rename(title: string | null): void {
    this.changeChat({ title });
  }

  /** Asks; while an answer is being written the text waits for its turn. */
  ask(text: string): void {
    if (this.busy) {
      this.change({ queue: [...this.view.queue, text] });
      return;
    }
    const question = this.add({ role: 'user', content: text, parent: this.view.chat.leaf });
    void this.answer(question.id);
  }

  unqueue(index: number): void {
    this.change({ queue: this.view.queue.filter((_, i) => i !== index) });
  }

  /** Another wording of a question, and its answer, beside the first; or another text of an answer. */
  edit(message: Message, text: string): void {
    if (this.busy)
      return;
    const changed = this.add({ role: message.role, content: text, parent: message.parent, meta: message.role === 'user' ? {} : { model: message.meta.model } });
    if (message.role === 'user')
      void this.answer(changed.id);
  }

  /** Another answer beside this one. */
  regenerate(message: Message): void {
    if (!this.busy && message.parent !== null)
      void this.answer(message.parent);
  }

  resume(message: Message): void {
    if (!this.busy)
      void this.answer(message.parent!, message);
  }

  /** Shows another branch. */
  show(message: Message): void {
    if (!this.busy)
      this.changeChat({ leaf: leafBelow(this.view.messages, message.id) });
  }

  /** A chat of its own that begins with the messages up to this one. */
  branch(message: Message): ChatSession {
    const ids = new Map<string, string>();
    const items = pathTo(this.view.messages, message.id).map((item): Message => {
      const id = newId();
      ids.set(item.id, id);
      return { ...item, id, parent: item.parent === null ? null : ids.get(item.parent)! };
    });
    const { chat } = this.view;
    const copy = ChatSession.fresh(chat.settings, this.listChanged);
    copy.change({
      chat: { ...copy.view.chat, title: chat.title, automatic_title: chat.automatic_title, leaf: items.at(-1)?.id ?? null },
      messages: new Map(items.map((item) => [item.id, item])),
    });
    copy.saveChat();
    items.forEach((item) => copy.saveMessage(item));
    return copy;
  }

  stop(): void {
    this.abort?.abort();
  }

  /** The page is being closed: what is there is kept, as far as a closing page may send. */
  leave(): Write[] {
    if (this.growing && this.view.writing)
      this.saveMessage(this.snapshotOf(this.view.writing, true));
    return this.outbox.flush();
  }

  private async answer(parent: string, resumed?: Message): Promise<void> {
    const abort = (this.abort = new AbortController());
    const before = resumed?.meta ?? {};
    const growing: Growing = (this.growing = {
      content: resumed?.content ?? '', origin: [], reasoning: before.reasoning ?? '', reasoningOrigin: [], meta: {}, waiting: true,
    });
    append(growing.origin, before.origin ?? []);
    append(growing.reasoningOrigin, before.reasoning_origin ?? []);
    const context = pathTo(this.view.messages, resumed ? resumed.id : parent);
    const message = resumed ?? this.add({ role: 'assistant', content: '', parent, meta: { model: this.view.chat.settings.model, stopped: true } });
    this.change({ writing: message.id });
    const timer = setInterval(() => this.saveMessage(this.snapshotOf(message.id, true)), saveEvery);
    await readAnswer(requestOf(this.view.chat.settings, context, resumed !== undefined), growing, abort.signal, () => this.pacer.request());
    clearInterval(timer);
    if (resumed)
      growing.meta = combine(before, growing.meta);
    const finished = this.snapshotOf(message.id, growing.meta.stopped ?? false);
    this.abort = null;
    this.growing = null;
    this.change({ messages: new Map(this.view.messages).set(message.id, finished), writing: null });
    this.saveMessage(finished);
    this.listChanged();
    const [next, ...queue] = this.view.queue;
    if (next !== undefined) {
      this.change({ queue });
      this.ask(next);
    }
  }

  private snapshotOf(id: string, stopped: boolean): Message {
    const growing = this.growing!;
    const meta: MessageMeta = {
      ...growing.meta,
      model: growing.meta.model ?? this.view.chat.settings.model,
      origin: growing.origin.map((run) => ({ ...run })),
      stopped: stopped || undefined,
      ...(growing.reasoning ? { reasoning: growing.reasoning, reasoning_origin: growing.reasoningOrigin } : {}),
    };
    return { ...this.view.messages.get(id)!, content: growing.content, meta };
  }

  private add(fields: Pick<Message, 'role' | 'content' | 'parent'> & { meta?: MessageMeta }): Message {
    const message: Message = { id: newId(), meta: {}, created_at: new Date().toISOString(), ...fields };
    this.change({ messages: new Map(this.view.messages).set(message.id, message), chat: { ...this.view.chat, leaf: message.id } });
    this.saveChat();
    this.saveMessage(message);
    return message;
  }

  private changeChat(fields: Partial<Chat>): void {
    this.change({ chat: { ...this.view.chat, ...fields } });
    if (this.view.stored)
      this.saveChat();
  }

  private saveChat(): void {
    const isNew = !this.view.stored;
    if (isNew)
      this.change({ stored: true });
    const make = (): Write => {
      const { id, title, settings, leaf } = this.view.chat;
      return { path: chatPath(id), body: { title, settings, leaf } };
    };
    this.outbox.put<Chat>('chat', make, (saved) => {
      this.change({ chat: { ...this.view.chat, automatic_title: saved.automatic_title ?? this.view.chat.automatic_title } });
      this.listChanged();
    });
  }

  private saveMessage({ id, parent, role, content, meta }: Message): void {
    const make = (): Write => ({ path: `${chatPath(this.view.chat.id)}/messages/${id}`, body: { parent, role, content, meta } });
    this.outbox.put<{ automatic_title: string | null }>(id, make, (saved) => {
      if (saved.automatic_title !== this.view.chat.automatic_title) {
        this.change({ chat: { ...this.view.chat, automatic_title: saved.automatic_title } });
        this.listChanged();
      }
    });
  }

  private change(fields: Partial<ChatView>): void {
    const view = { ...this.view, ...fields };
    if (fields.messages || fields.chat)
      view.path = pathTo(view.messages, view.chat.leaf);
    this.view = view;
    for (const reader of this.readers)
      reader();
  }
}
