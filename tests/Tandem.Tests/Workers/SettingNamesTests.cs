using Tandem.Host.Workers;
using Tandem.Protocol;

namespace Tandem.Tests.Workers;

public sealed class SettingNamesTests
{
    [Fact]
    public void Only_what_is_set_is_named()
    {
        var request = new LoadModelRequest
        {
            Settings = new LoadSettings { ContextLength = 0, Rope = new RopeSettings { Scaling = "yarn" }, Devices = { "CPU" } },
            Draft = new DraftModel { Settings = new LoadSettings { Threads = 2 } },
        };
        Assert.Equal(
            ["load.context_length", "load.devices", "load.rope.scaling", "load.draft.threads"], SettingNames.Of(request));
    }

    [Fact]
    public void A_request_without_settings_names_none() => Assert.Empty(SettingNames.Of(new LoadModelRequest()));

    [Fact]
    public void Sampling_and_speculation_are_named_and_the_revision_of_a_draft_is_none()
    {
        var request = new GenerateRequest
        {
            Sampling = new Sampling { TopK = 1, IgnoreEos = true },
            Speculation = new Tandem.Protocol.Speculation { Proposer = Proposer.Draft, Length = 4, DraftRevision = 7 },
        };
        Assert.Equal(
            ["sampling.ignore_eos", "sampling.top_k", "speculation.length", "speculation.proposer"],
            SettingNames.Of(request).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void The_first_unknown_setting_is_refused_by_name()
    {
        var failure = SettingNames.Check(["load.threads", "load.rope.scaling"], new HashSet<string> { "load.threads" }, "fake");
        Assert.Equal("load.rope.scaling", failure?.Param);
        Assert.Contains("fake", failure!.Message, StringComparison.Ordinal);
    }
}
