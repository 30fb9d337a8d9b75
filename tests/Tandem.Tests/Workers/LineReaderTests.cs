using System.Text;
using Tandem.Host.Workers;

namespace Tandem.Tests.Workers;

public sealed class LineReaderTests
{
    [Fact]
    public async Task Lines_are_split_and_trimmed_of_their_ends() =>
        Assert.Equal(["one", "", "two", "three"], await LinesOf("one\r\n\ntwo\nthree"u8.ToArray()));

    [Fact]
    public async Task A_character_that_two_reads_share_is_whole()
    {
        var text = new string('x', 8191) + "é\n";
        Assert.EndsWith("x", Assert.Single(await LinesOf(Encoding.UTF8.GetBytes(text))), StringComparison.Ordinal);
        Assert.Equal(["é"], await LinesOf([.. Encoding.UTF8.GetBytes("é")], oneByOne: true));
    }

    [Fact]
    public async Task An_endless_line_is_cut()
    {
        var lines = await LinesOf(Encoding.UTF8.GetBytes(new string('x', 1_000_000) + "\nnext\n"));
        Assert.Equal([LineReader.LongestLine, 4], lines.Select(line => line.Length));
    }

    [Fact]
    public async Task Bytes_that_are_no_text_do_not_stop_it() => Assert.Equal(2, (await LinesOf([0xff, 0xfe, (byte)'\n', 0, 0xc3])).Count);

    [Fact]
    public void The_ring_keeps_the_last_lines()
    {
        var ring = new LogRing();
        for (var i = 0; i < 5000; i++)
            ring.Add($"{i}");
        Assert.Equal(["4998", "4999"], ring.Last(2));
        Assert.InRange(ring.Last(int.MaxValue).Count, 2, 2000);
    }

    private static async Task<List<string>> LinesOf(byte[] bytes, bool oneByOne = false)
    {
        var lines = new List<string>();
        await LineReader.ReadAsync(oneByOne ? new OneByOne(bytes) : new MemoryStream(bytes), lines.Add, CancellationToken.None);
        return lines;
    }

    private sealed class OneByOne(byte[] bytes) : MemoryStream(bytes)
    {
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            base.ReadAsync(buffer[..1], cancellationToken);
    }
}
