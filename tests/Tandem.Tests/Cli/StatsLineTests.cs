using Tandem.Cli;

namespace Tandem.Tests.Cli;

public sealed class StatsLineTests
{
    [Fact]
    public void The_line_of_an_answer_with_a_draft() => Assert.Equal(
        "87.1 tok/s · 96 tokens · 0.03 s to first token · stop: eosFound · draft: tandem/storyteller-draft · accepted 61/72 (84.7%)",
        StatsLine.Of(new StatsView(87.12, 0.0311, "eosFound", "tandem/storyteller-draft", 72, 61, null), 96));

    [Fact]
    public void The_line_of_a_plain_answer() => Assert.Equal(
        "5.0 tok/s · 1 tokens · 1.50 s to first token · stop: userStopped",
        StatsLine.Of(new StatsView(5, 1.5, "userStopped", null, null, null, null), 1));

    [Fact]
    public void Nothing_drafted_is_no_share_and_a_note_comes_last() => Assert.Equal(
        "5.0 tok/s · 1 tokens · 1.50 s to first token · stop: eosFound · draft: d · accepted 0/0 · the context is full",
        StatsLine.Of(new StatsView(5, 1.5, "eosFound", "d", 0, 0, "the context is full"), 1));
}
