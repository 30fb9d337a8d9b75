using System.Text.Json.Nodes;
using Tandem.Plugins;
using Tandem.Plugins.Mlx;
using Tandem.Protocol;
using Tandem.Tests.Support;

namespace Tandem.FunctionalTests.Mlx;

/// <summary>The plugin's verdict on a pair, from its own reading of the files, is the worker's.</summary>
[Trait("Tier", "Functional")]
public sealed class MlxPairTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("tmp-").FullName;

    [Fact]
    public async Task Plugin_and_worker_judge_every_pair_alike()
    {
        var runtime = await MlxRuntime.RequireAsync();
        await using var worker = await WorkerUnderTest.StartAsync(runtime.Worker());
        string[] models =
        [
            MlxRuntime.Model("storyteller-mlx"),
            MlxRuntime.Model("storyteller-draft-mlx"),
            Changed("renamed", tokenizer: file => Rename(file, 700)),
            Changed("longer", tokenizer: file => file["model"]!["vocab"]!.AsObject().Add("another token", 2048)),
            Changed("split", tokenizer: file => file["pre_tokenizer"] = new JsonObject { ["type"] = "Whitespace" }),
            Changed("kind", tokenizer: file => file["model"]!["type"] = "Unigram", vocabularyAsList: true),
            Changed("embedding", config: file => file["model_type"] = "bert"),
        ];
        var plugin = new MlxPlugin();
        foreach (var main in models)
        {
            foreach (var draft in models)
            {
                var (mainModel, draftModel) = (await DescribeAsync(plugin, main), await DescribeAsync(plugin, draft));
                var judged = plugin.Judge(mainModel.Model, draftModel.Model, new Vocabularies(mainModel.Vocabulary!, draftModel.Vocabulary!));
                var asked = await worker.Client.CheckDraftAsync(new CheckDraftRequest
                {
                    Main = new ModelReference { Path = main },
                    MainEngineId = "mlx",
                    Draft = new ModelReference { Path = draft },
                    DraftEngineId = "mlx",
                });
                Assert.True(judged.Fit.ToString() == asked.Verdict.ToString(), $"{main} with {draft}: {judged.Fit}, the worker says {asked.Verdict}");
                if (judged.Fit == PairFit.Refused)
                    Assert.Equal(judged.Failed.Select(failed => failed.Check), asked.Failed.Select(failed => failed.Check));
                Assert.Equal(judged.FirstDifference?.Id, asked.FirstDifference?.Id);
            }
        }
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private string Changed(string name, Action<JsonNode>? tokenizer = null, Action<JsonNode>? config = null, bool vocabularyAsList = false)
    {
        var folder = Directory.CreateDirectory(Path.Combine(_folder, name)).FullName;
        foreach (var file in Directory.GetFiles(MlxRuntime.Model("storyteller-draft-mlx")))
            File.Copy(file, Path.Combine(folder, Path.GetFileName(file)));
        Change(Path.Combine(folder, "tokenizer.json"), file =>
        {
            tokenizer?.Invoke(file);
            if (!vocabularyAsList)
                return;
            var texts = file["model"]!["vocab"]!.AsObject().OrderBy(pair => pair.Value!.GetValue<int>()).Select(pair => pair.Key).ToList();
            file["model"] = new JsonObject
            {
                ["type"] = "Unigram",
                ["unk_id"] = 0,
                ["vocab"] = new JsonArray([.. texts.Select(text => new JsonArray(text, -1.0))]),
            };
        });
        Change(Path.Combine(folder, "config.json"), file => config?.Invoke(file));
        return folder;
    }

    private static void Change(string path, Action<JsonNode> change)
    {
        var file = JsonNode.Parse(File.ReadAllText(path))!;
        change(file);
        File.WriteAllText(path, file.ToJsonString());
    }

    private static void Rename(JsonNode file, int id)
    {
        // An added token of the same id replaces a text, and no merge rule needs to change.
        file["added_tokens"]!.AsArray().Add(new JsonObject
        {
            ["id"] = id,
            ["content"] = "<renamed>",
            ["single_word"] = false,
            ["lstrip"] = false,
            ["rstrip"] = false,
            ["normalized"] = false,
            ["special"] = false,
        });
    }

    private static async Task<DescribeResult.Described> DescribeAsync(MlxPlugin plugin, string path)
    {
        var files = Directory.GetFiles(path).Select(file => new FolderFile(Path.GetFileName(file), 1, DateTimeOffset.UnixEpoch)).ToList();
        return Assert.IsType<DescribeResult.Described>(await plugin.DescribeAsync(plugin.FindModels(new FolderListing(path, files))[0], CancellationToken.None));
    }

    private sealed class Vocabularies(params Tandem.Plugins.Vocabulary[] known) : IVocabularySource
    {
        public Tandem.Plugins.Vocabulary? Find(string fingerprint) => Array.Find(known, one => one.Fingerprint == fingerprint);
    }
}
