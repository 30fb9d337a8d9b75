using System.Text.Json;
using System.Text.Json.Serialization;
using Tandem.Host.Storage;
using Tandem.Plugins;

namespace Tandem.Host.Models;

/// <summary>
/// Descriptions in the database, as one document that is replaced whole: a thousand models share a few dozen tokenizers and templates, which
/// are in it once, and reading it takes milliseconds.
/// </summary>
internal sealed class ModelCache(Database database, VocabularyFiles vocabularies) : IDescriptionArchive
{
    public static readonly Schema Schema = new("models", "CREATE TABLE models_described (id INTEGER PRIMARY KEY CHECK (id = 1), content BLOB NOT NULL) STRICT");

    public async Task<IReadOnlyList<KeyValuePair<string, ModelDescription>>> LoadAsync(CancellationToken cancellationToken)
    {
        var content = await database.RunAsync(c => c.Scalar<byte[]>("SELECT content FROM models_described"), cancellationToken);
        if (content is null)
            return [];
        var document = JsonSerializer.Deserialize(content, ModelCacheJson.Default.Document) ?? new Document([], [], []);
        // A description without its vocabulary would be judged as if its texts were lost: such a file is read again.
        var usable = document.Tokenizers.Select(tokenizer => vocabularies.Has(tokenizer.Fingerprint)).ToArray();
        return [.. document.Models.Where(model => model.Tokenizer < 0 || usable[model.Tokenizer])
            .Select(model => KeyValuePair.Create(model.Identity, document.Expand(model)))];
    }

    public async Task SaveAsync(IReadOnlyList<KeyValuePair<string, ModelDescription>> descriptions, CancellationToken cancellationToken)
    {
        var content = JsonSerializer.SerializeToUtf8Bytes(Document.Of(descriptions), ModelCacheJson.Default.Document);
        await database.RunAsync(
            c => c.Execute("INSERT INTO models_described VALUES (1, $content) ON CONFLICT (id) DO UPDATE SET content = $content", ("$content", content)),
            cancellationToken);
        vocabularies.KeepOnly(descriptions.Select(entry => entry.Value.Tokenizer?.Fingerprint).OfType<string>().ToHashSet());
    }

    /// <param name="Texts">Chat templates.</param>
    internal sealed record Document(List<string> Texts, List<TokenizerDescription> Tokenizers, List<Item> Models)
    {
        public static Document Of(IEnumerable<KeyValuePair<string, ModelDescription>> descriptions)
        {
            var texts = new Numbered<string>();
            var tokenizers = new Numbered<TokenizerDescription>();
            var items = descriptions.Select(entry => new Item(
                entry.Key,
                entry.Value with { Tokenizer = null, ChatTemplate = null, NamedTemplates = Item.NoTemplates },
                tokenizers.NumberOf(entry.Value.Tokenizer),
                texts.NumberOf(entry.Value.ChatTemplate),
                entry.Value.NamedTemplates.ToDictionary(named => named.Key, named => texts.NumberOf(named.Value)))).ToList();
            return new Document(texts.All, tokenizers.All, items);
        }

        public ModelDescription Expand(Item item) => item.Description with
        {
            Tokenizer = item.Tokenizer < 0 ? null : Tokenizers[item.Tokenizer],
            ChatTemplate = item.Template < 0 ? null : Texts[item.Template],
            NamedTemplates = item.Named.Count == 0 ? Item.NoTemplates : item.Named.ToDictionary(named => named.Key, named => Texts[named.Value]),
        };
    }

    /// <param name="Tokenizer">Place in the document's list; -1 for none. So is <paramref name="Template"/>.</param>
    internal sealed record Item(string Identity, ModelDescription Description, int Tokenizer, int Template, Dictionary<string, int> Named)
    {
        public static readonly IReadOnlyDictionary<string, string> NoTemplates = new Dictionary<string, string>();
    }

    private sealed class Numbered<T>
        where T : notnull
    {
        private readonly Dictionary<T, int> _numbers = [];

        public List<T> All { get; } = [];

        public int NumberOf(T? value)
        {
            if (value is null)
                return -1;
            if (_numbers.TryGetValue(value, out var number))
                return number;
            All.Add(value);
            return _numbers[value] = All.Count - 1;
        }
    }
}

[JsonSerializable(typeof(ModelCache.Document))]
internal sealed partial class ModelCacheJson : JsonSerializerContext;
