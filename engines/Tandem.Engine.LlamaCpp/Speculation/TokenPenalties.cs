namespace Tandem.Engine.LlamaCpp.Speculation;

/// <summary>
/// Repetition, frequency and presence penalties over the last tokens of prompt and answer. The repetition penalty is that of Keskar
/// et al., "CTRL" (2019), with llama.cpp's rule for logits that are not positive; the other two are OpenAI's.
/// </summary>
internal sealed class TokenPenalties : ILogitStage
{
    private readonly float _repetition;
    private readonly float _frequency;
    private readonly float _presence;
    private readonly int _window;

    // How often a token is in the window, and its place in the list of those that are.
    private readonly int[] _counts;
    private readonly int[] _places;
    private int[] _distinct;
    private int _distinctCount;

    private int[] _history = new int[4096];
    private int _historyCount;

    public TokenPenalties(SamplingSettings settings, int vocabularySize)
    {
        _repetition = settings.RepetitionPenalty;
        _frequency = settings.FrequencyPenalty;
        _presence = settings.PresencePenalty;
        _window = settings.PenaltyWindow < 0 ? int.MaxValue : settings.PenaltyWindow;
        _counts = new int[vocabularySize];
        _places = new int[vocabularySize];
        _distinct = new int[Math.Min(vocabularySize, Math.Min(_window, 4095) + 1)];
    }

    public void Apply(Span<float> logits)
    {
        for (var place = 0; place < _distinctCount; place++)
        {
            var token = _distinct[place];
            if (token >= logits.Length)
                continue;
            ref var logit = ref logits[token];
            // Dividing a negative logit would make the token more probable.
            logit = logit > 0 ? logit / _repetition : logit * _repetition;
            logit -= (_counts[token] * _frequency) + _presence;
        }
    }

    public void Accept(int token)
    {
        if (_historyCount == _history.Length)
            Array.Resize(ref _history, 2 * _historyCount);
        _history[_historyCount++] = token;
        Enter(token);
        if (_historyCount > _window)
            Leave(_history[_historyCount - 1 - _window]);
    }

    public void Rollback(int count)
    {
        for (; count > 0; count--)
        {
            if (_historyCount > _window)
                Enter(_history[_historyCount - 1 - _window]);
            Leave(_history[--_historyCount]);
        }
    }

    private void Enter(int token)
    {
        if ((uint)token >= (uint)_counts.Length || _counts[token]++ > 0)
            return;
        if (_distinctCount == _distinct.Length)
            Array.Resize(ref _distinct, 2 * _distinctCount);
        _places[token] = _distinctCount;
        _distinct[_distinctCount++] = token;
    }

    private void Leave(int token)
    {
        if ((uint)token >= (uint)_counts.Length || --_counts[token] > 0)
            return;
        var last = _distinct[--_distinctCount];
        _distinct[_places[token]] = last;
        _places[last] = _places[token];
    }
}
