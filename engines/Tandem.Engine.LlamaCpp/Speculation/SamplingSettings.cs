using System.Globalization;
using Tandem.Protocol;

namespace Tandem.Engine.LlamaCpp.Speculation;

/// <summary>
/// The sampler settings of one request, checked and complete. What a request leaves out has llama.cpp's default; the defaults are the
/// initial values here.
/// </summary>
internal sealed record SamplingSettings
{
    private static readonly IReadOnlyList<string> DefaultBreakers = ["\n", ":", "\"", "*"];

    /// <summary>Above 0; 0 is the most probable token, always.</summary>
    public float Temperature { get; init; } = 0.8f;

    /// <summary>Most probable tokens kept; 0: all.</summary>
    public int TopK { get; init; } = 40;

    /// <summary>0 to 1; 1: off.</summary>
    public float TopP { get; init; } = 0.95f;

    /// <summary>0 to 1; 0: off.</summary>
    public float MinP { get; init; } = 0.05f;

    /// <summary>0 to 1; 1: off.</summary>
    public float TypicalP { get; init; } = 1;

    /// <summary>Above 0; 1: off.</summary>
    public float RepetitionPenalty { get; init; } = 1;

    /// <summary>Any finite number; 0: off.</summary>
    public float FrequencyPenalty { get; init; }

    /// <summary>Any finite number; 0: off.</summary>
    public float PresencePenalty { get; init; }

    /// <summary>Tokens of prompt and answer that the penalties look at; 0: none, -1: all.</summary>
    public int PenaltyWindow { get; init; } = 64;

    /// <summary>How far the temperature follows the entropy, up and down; 0: off.</summary>
    public float DynamicTemperatureRange { get; init; }

    public float DynamicTemperatureExponent { get; init; } = 1;

    /// <summary>0 to 1; 0: off.</summary>
    public float XtcProbability { get; init; }

    /// <summary>0 to 1; above 0.5 no two tokens can reach it.</summary>
    public float XtcThreshold { get; init; } = 0.1f;

    /// <summary>0: off.</summary>
    public float DryMultiplier { get; init; }

    /// <summary>1 or more.</summary>
    public float DryBase { get; init; } = 1.75f;

    /// <summary>Repetitions up to this length are not penalised.</summary>
    public int DryAllowedLength { get; init; } = 2;

    /// <summary>Tokens of prompt and answer that DRY looks at; 0: none, -1: all.</summary>
    public int DryWindow { get; init; } = -1;

    /// <summary>Texts across which no repetition is seen.</summary>
    public IReadOnlyList<string> DrySequenceBreakers { get; init; } = DefaultBreakers;

    public IReadOnlyList<LogitBias> LogitBias { get; init; } = [];

    /// <summary>Emitted tokens before which no end of text is chosen.</summary>
    public long MinTokens { get; init; }

    public bool IgnoreEos { get; init; }

    public bool IsGreedy => Temperature == 0;

    public bool HasXtc => XtcProbability > 0 && XtcThreshold <= 0.5f;

    public bool HasDry => DryMultiplier > 0 && DryWindow != 0;

    public bool HasPenalties => PenaltyWindow != 0 && (RepetitionPenalty != 1 || FrequencyPenalty != 0 || PresencePenalty != 0);

    /// <summary>Every sampler setting this worker accepts, by field path: a part of the handshake's list.</summary>
    public static IReadOnlyList<string> Accepted { get; } =
    [
        "sampling.temperature", "sampling.top_k", "sampling.top_p", "sampling.min_p", "sampling.typical_p",
        "sampling.repetition_penalty", "sampling.frequency_penalty", "sampling.presence_penalty", "sampling.penalty_window",
        "sampling.dynamic_temperature_range", "sampling.dynamic_temperature_exponent", "sampling.xtc_probability", "sampling.xtc_threshold",
        "sampling.dry_multiplier", "sampling.dry_base", "sampling.dry_allowed_length", "sampling.dry_window", "sampling.dry_sequence_breakers",
        "sampling.logit_bias", "sampling.min_tokens", "sampling.ignore_eos",
    ];

    /// <summary>
    /// Reads the message of a request. Every error found is added to <paramref name="errors"/>; the result is then of no use.
    /// </summary>
    public static SamplingSettings Read(Sampling? source, int vocabularySize, ICollection<SettingError> errors)
    {
        var settings = new SamplingSettings();
        if (source is null)
            return settings;
        AddUnsupported(source, errors);
        settings = settings with
        {
            Temperature = source.HasTemperature ? source.Temperature : settings.Temperature,
            TopK = source.HasTopK ? (int)Math.Min(source.TopK, int.MaxValue) : settings.TopK,
            TopP = source.HasTopP ? source.TopP : settings.TopP,
            MinP = source.HasMinP ? source.MinP : settings.MinP,
            TypicalP = source.HasTypicalP ? source.TypicalP : settings.TypicalP,
            RepetitionPenalty = source.HasRepetitionPenalty ? source.RepetitionPenalty : settings.RepetitionPenalty,
            FrequencyPenalty = source.HasFrequencyPenalty ? source.FrequencyPenalty : settings.FrequencyPenalty,
            PresencePenalty = source.HasPresencePenalty ? source.PresencePenalty : settings.PresencePenalty,
            PenaltyWindow = source.HasPenaltyWindow ? source.PenaltyWindow : settings.PenaltyWindow,
            DynamicTemperatureRange = source.DynamicTemperatureRange,
            DynamicTemperatureExponent = source.HasDynamicTemperatureExponent ? source.DynamicTemperatureExponent : settings.DynamicTemperatureExponent,
            XtcProbability = source.XtcProbability,
            XtcThreshold = source.HasXtcThreshold ? source.XtcThreshold : settings.XtcThreshold,
            DryMultiplier = source.DryMultiplier,
            DryBase = source.HasDryBase ? source.DryBase : settings.DryBase,
            DryAllowedLength = source.HasDryAllowedLength ? (int)Math.Min(source.DryAllowedLength, int.MaxValue) : settings.DryAllowedLength,
            DryWindow = source.HasDryWindow ? source.DryWindow : settings.DryWindow,
            DrySequenceBreakers = source.DrySequenceBreakers.Count > 0 ? [.. source.DrySequenceBreakers] : settings.DrySequenceBreakers,
            LogitBias = [.. source.LogitBias],
            MinTokens = source.MinTokens,
            IgnoreEos = source.IgnoreEos,
        };
        settings.Check(vocabularySize, errors);
        return settings;
    }

    private void Check(int vocabularySize, ICollection<SettingError> errors)
    {
        Require(float.IsFinite(Temperature) && Temperature >= 0, "temperature", Temperature, "0 or more", errors);
        Require(TopP is >= 0 and <= 1, "top_p", TopP, "from 0 to 1", errors);
        Require(MinP is >= 0 and <= 1, "min_p", MinP, "from 0 to 1", errors);
        Require(TypicalP is >= 0 and <= 1, "typical_p", TypicalP, "from 0 to 1", errors);
        Require(float.IsFinite(RepetitionPenalty) && RepetitionPenalty > 0, "repetition_penalty", RepetitionPenalty, "above 0", errors);
        Require(float.IsFinite(FrequencyPenalty), "frequency_penalty", FrequencyPenalty, "a finite number", errors);
        Require(float.IsFinite(PresencePenalty), "presence_penalty", PresencePenalty, "a finite number", errors);
        Require(PenaltyWindow >= -1, "penalty_window", PenaltyWindow, "-1 or more", errors);
        Require(float.IsFinite(DynamicTemperatureRange) && DynamicTemperatureRange >= 0, "dynamic_temperature_range", DynamicTemperatureRange, "0 or more", errors);
        Require(float.IsFinite(DynamicTemperatureExponent) && DynamicTemperatureExponent > 0, "dynamic_temperature_exponent", DynamicTemperatureExponent, "above 0", errors);
        Require(XtcProbability is >= 0 and <= 1, "xtc_probability", XtcProbability, "from 0 to 1", errors);
        Require(XtcThreshold is >= 0 and <= 1, "xtc_threshold", XtcThreshold, "from 0 to 1", errors);
        Require(float.IsFinite(DryMultiplier) && DryMultiplier >= 0, "dry_multiplier", DryMultiplier, "0 or more", errors);
        Require(float.IsFinite(DryBase) && DryBase >= 1, "dry_base", DryBase, "1 or more", errors);
        Require(DryWindow >= -1, "dry_window", DryWindow, "-1 or more", errors);
        for (var index = 0; index < DrySequenceBreakers.Count; index++)
            Require(DrySequenceBreakers[index].Length > 0, $"dry_sequence_breakers[{index}]", 0, "a text", errors);
        for (var index = 0; index < LogitBias.Count; index++)
        {
            var (token, bias) = (LogitBias[index].Token, LogitBias[index].Bias);
            Require(token >= 0 && token < vocabularySize, $"logit_bias[{index}].token", token, $"from 0 to {vocabularySize - 1}", errors);
            Require(!float.IsNaN(bias) && !float.IsPositiveInfinity(bias), $"logit_bias[{index}].bias", bias, "a number or -inf", errors);
        }
    }

    private static void Require(bool holds, string name, double value, string range, ICollection<SettingError> errors)
    {
        if (holds)
            return;
        var shown = value.ToString("R", CultureInfo.InvariantCulture);
        errors.Add(SettingError.Invalid($"sampling.{name}", $"sampling.{name} is {shown}; it must be {range}."));
    }

    /// <summary>
    /// Mirostat is refused by name, unless it is switched off. It steers by the surprise of every token so far, so a difference in the last
    /// bits (another batch width) grows with the text and the same seed no longer gives the same text; and a draft cannot know the surprise
    /// its tokens will have. Min-p and typical do its job without a memory.
    /// </summary>
    private static void AddUnsupported(Sampling source, ICollection<SettingError> errors)
    {
        Refuse(source.Mirostat != 0, "mirostat");
        Refuse(source.HasMirostatTau, "mirostat_tau");
        Refuse(source.HasMirostatEta, "mirostat_eta");

        void Refuse(bool isSet, string name)
        {
            if (isSet)
                errors.Add(SettingError.NotSupported($"sampling.{name}"));
        }
    }
}
