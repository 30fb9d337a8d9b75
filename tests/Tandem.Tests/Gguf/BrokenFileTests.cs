using System.Text;
using static Tandem.Tests.Gguf.GgufModels;

namespace Tandem.Tests.Gguf;

public sealed class BrokenFileTests
{
    [Fact]
    public async Task A_file_cut_anywhere_in_its_header_or_data_is_broken()
    {
        var whole = GgufBuilder.Model(Tokens(20)).Build();
        for (var length = 0; length < whole.Length; length++)
        {
            var broken = await BreakAsync(whole[..length]);
            Assert.False(string.IsNullOrEmpty(broken.Field), $"no field at length {length}");
        }
    }

    [Fact]
    public async Task A_text_file_is_no_model()
    {
        var broken = await BreakAsync(Encoding.UTF8.GetBytes("Just a text of some length, with the wrong extension."));
        Assert.Equal("magic", broken.Field);
        Assert.Contains("model.gguf", broken.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_big_endian_file_is_named_as_such()
    {
        var broken = await BreakAsync(new GgufBuilder { Version = 0x03000000 }.Build());
        Assert.Equal("version", broken.Field);
        Assert.Contains("big-endian", broken.Reason, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1u)]
    [InlineData(4u)]
    public async Task Other_versions_are_refused(uint version) =>
        Assert.Equal("version", (await BreakAsync(new GgufBuilder { Version = version }.Build())).Field);

    [Fact]
    public async Task Counts_that_lie_are_refused_before_anything_is_allocated()
    {
        Assert.Equal("metadata_kv_count", (await BreakAsync(new GgufBuilder { EntryCount = ulong.MaxValue }.Build())).Field);
        Assert.Equal("metadata_kv_count", (await BreakAsync(new GgufBuilder { EntryCount = 60_000 }.Build())).Field);
        Assert.Equal("tensor_count", (await BreakAsync(new GgufBuilder { TensorCount = 1UL << 62 }.Build())).Field);
        var tokens = GgufBuilder.Model(Tokens(5)).Entry("tokenizer.ggml.tokens", 9, writer =>
        {
            writer.Write(8u);
            writer.Write(1UL << 20);
        });
        Assert.Equal("tokenizer.ggml.tokens", (await BreakAsync(tokens.Build())).Field);
    }

    [Fact]
    public async Task A_text_longer_than_the_file_names_its_key()
    {
        var builder = GgufBuilder.Model(Tokens(5)).Entry("general.name", 8, writer => writer.Write(3_000_000UL));
        Assert.Equal("general.name", (await BreakAsync(builder.Build())).Field);
    }

    [Fact]
    public async Task Arrays_nested_without_end_are_refused()
    {
        var builder = GgufBuilder.Model(Tokens(5)).Entry("deep", 9, writer =>
        {
            for (var depth = 0; depth < 100_000; depth++)
            {
                writer.Write(9u);
                writer.Write(1UL);
            }
        });
        var broken = await BreakAsync(builder.Build());
        Assert.Equal("deep", broken.Field);
        Assert.Contains("nests", broken.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_unknown_type_a_repeated_key_and_a_wrong_type_name_their_key()
    {
        Assert.Equal("odd", (await BreakAsync(GgufBuilder.Model(Tokens(5)).Entry("odd", 77, _ => { }).Build())).Field);
        Assert.Equal("general.name",
            (await BreakAsync(GgufBuilder.Model(Tokens(5)).Again("general.name", 4, writer => writer.Write(1u)).Build())).Field);
        Assert.Equal("llama.block_count", (await BreakAsync(GgufBuilder.Model(Tokens(5)).Text("llama.block_count", "two").Build())).Field);
        Assert.Equal("general.architecture", (await BreakAsync(GgufBuilder.Model(Tokens(5)).Without("general.architecture").Build())).Field);
        Assert.Equal("llama.block_count", (await BreakAsync(GgufBuilder.Model(Tokens(5)).UInt32("llama.block_count", uint.MaxValue).Build())).Field);
    }

    [Fact]
    public async Task Tensor_shapes_that_overflow_or_leave_the_file_are_refused()
    {
        var huge = GgufBuilder.Model(Tokens(5)).Tensor("huge", [ulong.MaxValue, 2], 0);
        huge.WithData = false;
        Assert.Equal("tensor huge", (await BreakAsync(huge.Build())).Field);
        var outside = GgufBuilder.Model(Tokens(5)).Tensor("outside", [16, 1000], 0, bytesPerElement: 0);
        Assert.Equal("tensor outside", (await BreakAsync(outside.Build())).Field);
        var ragged = GgufBuilder.Model(Tokens(5)).Tensor("ragged", [33], 8);
        Assert.Equal("tensor ragged", (await BreakAsync(ragged.Build())).Field);
    }

    [Fact]
    public async Task A_missing_file_is_broken_and_nothing_is_thrown()
    {
        using var folder = new TemporaryFolder();
        Assert.IsType<Tandem.Plugins.DescribeResult.Broken>(await DescribeAsync(Path.Combine(folder.Path, "none.gguf")));
    }
}
