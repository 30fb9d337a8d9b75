using Tandem.Engine.LlamaCpp.Speculation;
using Tandem.Protocol;

namespace Tandem.Tests.Speculation;

public sealed class SettingsTests
{
    [Fact]
    public void What_a_request_leaves_out_has_the_default()
    {
        List<SettingError> errors = [];
        Assert.Equal(new SamplingSettings(), SamplingSettings.Read(null, 10, errors));
        var read = SamplingSettings.Read(new Sampling { TopK = 0, Temperature = 0 }, 10, errors);
        Assert.Empty(errors);
        Assert.Equal((0, 0f, 0.95f), (read.TopK, read.Temperature, read.TopP));
    }

    [Fact]
    public void Every_error_is_found_at_once_and_named_by_its_field()
    {
        List<SettingError> errors = [];
        var source = new Sampling
        {
            Temperature = -1,
            TopP = 1.5f,
            MinP = float.NaN,
            TypicalP = -0.1f,
            RepetitionPenalty = 0,
            FrequencyPenalty = float.PositiveInfinity,
            PresencePenalty = float.NaN,
            PenaltyWindow = -2,
            Mirostat = 2,
            XtcProbability = 1.5f,
            DryBase = 0.5f,
            LogitBias = { new LogitBias { Token = 10, Bias = 1 }, new LogitBias { Token = 0, Bias = float.PositiveInfinity } },
        };
        SamplingSettings.Read(source, 10, errors);
        Assert.Equal(
            [
                "sampling.mirostat", "sampling.temperature", "sampling.top_p", "sampling.min_p",
                "sampling.typical_p", "sampling.repetition_penalty", "sampling.frequency_penalty", "sampling.presence_penalty",
                "sampling.penalty_window", "sampling.xtc_probability", "sampling.dry_base", "sampling.logit_bias[0].token", "sampling.logit_bias[1].bias",
            ],
            errors.Select(error => error.Field));
        Assert.Equal(1, errors.Count(error => error.Code == "not_supported"));
        Assert.All(errors, error => Assert.Contains(error.Field, error.Message, StringComparison.Ordinal));
    }

    [Fact]
    public void Every_sampler_field_of_the_contract_is_either_accepted_or_refused_by_name()
    {
        foreach (var field in Sampling.Descriptor.Fields.InDeclarationOrder())
        {
            var source = new Sampling();
            if (field.IsRepeated)
                AddOne(source, field.Name);
            else
                field.Accessor.SetValue(source, One(field.FieldType));
            List<SettingError> errors = [];
            SamplingSettings.Read(source, 10, errors);
            var accepted = SamplingSettings.Accepted.Contains($"sampling.{field.Name}");
            Assert.Equal(accepted ? [] : [$"sampling.{field.Name}"], errors.Select(error => error.Field));
        }
    }

    [Fact]
    public void A_switch_that_is_off_is_not_refused()
    {
        List<SettingError> errors = [];
        SamplingSettings.Read(
            new Sampling { Mirostat = 0, XtcProbability = 0, DryMultiplier = 0, DynamicTemperatureRange = 0 }, 10, errors);
        Assert.Empty(errors);
    }

    [Theory]
    [InlineData(0u, 0f, 4u, "speculation.length")]
    [InlineData(33u, 0f, 4u, "speculation.length")]
    [InlineData(4u, 1.1f, 4u, "speculation.min_probability")]
    [InlineData(4u, float.NaN, 4u, "speculation.min_probability")]
    [InlineData(4u, 0f, 0u, "speculation.max_length")]
    public void Speculation_outside_its_range_is_refused_by_name(uint length, float minProbability, uint maxLength, string field)
    {
        List<SettingError> errors = [];
        var source = new Protocol.Speculation { Length = length, MinProbability = minProbability, MaxLength = maxLength };
        SpeculationSettings.Read(source, Proposer.Draft, errors);
        Assert.Equal(field, Assert.Single(errors).Field);
    }

    [Fact]
    public void Stop_strings_are_counted_and_measured_in_bytes()
    {
        List<SettingError> errors = [];
        StopMatcher.Check([.. Enumerable.Repeat("x", 64)], errors);
        StopMatcher.Check([new string('x', 1024)], errors);
        Assert.Empty(errors);
        StopMatcher.Check([.. Enumerable.Repeat("x", 65)], errors);
        StopMatcher.Check(["ok", "", new string('ä', 513)], errors);
        Assert.Equal(["stop", "stop[1]", "stop[2]"], errors.Select(error => error.Field));
    }

    private static object One(Google.Protobuf.Reflection.FieldType type) => type switch
    {
        Google.Protobuf.Reflection.FieldType.Float => 1f,
        Google.Protobuf.Reflection.FieldType.UInt32 => 1u,
        Google.Protobuf.Reflection.FieldType.Int32 => 1,
        Google.Protobuf.Reflection.FieldType.Bool => true,
        _ => throw new NotSupportedException($"A field of type {type} needs a value here."),
    };

    private static void AddOne(Sampling source, string field)
    {
        if (field == "logit_bias")
            source.LogitBias.Add(new LogitBias { Token = 1, Bias = 1 });
        else
            source.DrySequenceBreakers.Add("x");
    }
}
