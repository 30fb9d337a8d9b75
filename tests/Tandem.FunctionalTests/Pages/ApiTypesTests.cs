using System.Diagnostics;
using System.Text.Json.Nodes;
using FakeEngine.Scripts;
using Tandem.FunctionalTests.Interop;
using Tandem.Tests.Support;

namespace Tandem.FunctionalTests.Pages;

/// <summary>
/// The types of the pages, <c>host/web/src/api/schema.ts</c>, are those of the host's description of itself. With TANDEM_TYPES=1 they are
/// written again.
/// </summary>
[Trait("Tier", "Functional")]
public sealed class ApiTypesTests
{
    private static readonly string Web = Path.Combine(Repository.Root, "host", "web");
    private static readonly string Generator = Path.Combine(Web, "node_modules", "openapi-typescript", "bin", "cli.js");
    private static readonly string[] Options = ["--root-types", "--root-types-no-schema-prefix", "--root-types-keep-casing", "--empty-objects-unknown"];

    [Fact]
    public async Task The_types_of_the_pages_are_those_of_the_description()
    {
        Assert.SkipUnless(File.Exists(Generator), "the development packages of the pages are not installed (npm ci in host/web)");
        var committed = Path.Combine(Web, "src", "api", "schema.ts");
        var made = await MakeAsync();
        if (Environment.GetEnvironmentVariable("TANDEM_TYPES") == "1")
            await File.WriteAllTextAsync(committed, made, TestContext.Current.CancellationToken);
        // The whole texts in a message would hide what is to be done.
        Assert.True(made == await File.ReadAllTextAsync(committed, TestContext.Current.CancellationToken),
            "host/web/src/api/schema.ts is out of date; TANDEM_TYPES=1 dotnet test tests/Tandem.FunctionalTests --filter FullyQualifiedName~ApiTypesTests makes it again");
    }

    private static async Task<string> MakeAsync()
    {
        await using var host = await HostUnderTest.StartAsync(("main", new FakeScript()));
        var document = JsonNode.Parse(await host.Client.GetStringAsync(new Uri("/openapi/v1.json", UriKind.Relative), TestContext.Current.CancellationToken))!;
        // The pages name what they get, not where it is; the paths would make two thirds of the file.
        document["paths"] = new JsonObject();
        var folder = Directory.CreateTempSubdirectory("tt-");
        try
        {
            var (description, types) = (Path.Combine(folder.FullName, "v1.json"), Path.Combine(folder.FullName, "schema.ts"));
            await File.WriteAllTextAsync(description, document.ToJsonString(), TestContext.Current.CancellationToken);
            await PythonEnvironment.RunAsync(new ProcessStartInfo("node", [Generator, description, "-o", types, .. Options]) { WorkingDirectory = folder.FullName }, CommandUnderTest.Bound);
            return (await File.ReadAllTextAsync(types, TestContext.Current.CancellationToken)).ReplaceLineEndings("\n");
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }
}
