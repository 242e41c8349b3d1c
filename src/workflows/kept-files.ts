import {sha256OfFile} from '../formats/files.js';
import type {FileImage} from '../formats/images/types.js';
import {readModel, type Model} from '../models/model-file.js';
import type {OpenModel} from '../models/open-model.js';

/** One value under its key: making another takes its place. */
class Kept<Value> {
  #key: string | null = null;
  #value: Promise<Value> | null = null;

  get(key: string, make: () => Promise<Value>): Promise<Value> {
    if (this.#value !== null && this.#key === key) return this.#value;
    const value = make();
    this.#key = key;
    this.#value = value;
    // What failed is tried again.
    value.catch(() => {
      if (this.#value === value) this.#value = null;
    });
    return value;
  }
}

/**
 * What registrations that follow each other share: the last model and the last fixed image are read once, and files are hashed
 * once. Whoever makes it disposes it.
 */
export class KeptFiles {
  readonly #model = new Kept<Model>();
  readonly #fixed = new Kept<FileImage>();
  readonly #hashes = new Map<string, Promise<string>>();
  #opened: {readonly model: Model; readonly engine: string; readonly value: OpenModel} | null =
    null;

  model(path: string): Promise<Model> {
    return this.#model.get(path, () => readModel(path));
  }

  /** @param how - All that decides how it is read. */
  fixed<Image extends FileImage>(how: unknown, read: () => Promise<Image>): Promise<Image> {
    return this.#fixed.get(JSON.stringify(how), read) as Promise<Image>;
  }

  /** A model on the engine that was started; it stays ours. */
  async open(
    model: Model,
    engine: string,
    open: (model: Model) => Promise<OpenModel>,
  ): Promise<OpenModel> {
    const earlier = this.#opened;
    if (earlier?.model === model && earlier.engine === engine) return earlier.value;
    this.dispose();
    const value = await open(model);
    this.#opened = {model, engine, value};
    return value;
  }

  /** As `sha256OfFile`. */
  hash(files: readonly string[]): Promise<string> {
    const key = files.join('\0');
    const known = this.#hashes.get(key);
    if (known !== undefined) return known;
    const hash = sha256OfFile(...files);
    this.#hashes.set(key, hash);
    hash.catch(() => this.#hashes.delete(key));
    return hash;
  }

  /** Free the memory of the model. */
  dispose(): void {
    this.#opened?.value.dispose();
    this.#opened = null;
  }
}
