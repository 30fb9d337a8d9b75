using Tandem.Bench;

// One file per benchmark; each takes the arguments behind its verb and returns the exit code.
var verbs = new Dictionary<string, (string What, Func<string[], Task<int>> Run)>
{
    ["transport"] = ("unary round trips and streamed messages over the worker's socket", TransportBench.RunAsync),
    ["host"] = ("what the supervisor costs: start, memory, first token, tokens per second", HostBench.RunAsync),
    ["bare"] = ("the worker's loop against llama_decode alone, one and four at once; argument: F32, Q8_0, …, SmolLM2 in F32 when there is none", BareBench.RunAsync),
    ["draft"] = ("reference pairs with fixed draft lengths against plain; arguments: F32, BF16, F16, Q8_0, smol", DraftBench.RunAsync),
    ["picture"] = ("draws a real answer as docs/run.svg", RunPicture.RunAsync),
    ["survey"] = ("checking ten runtimes, cold and warm, and what they add to the start", SurveyBench.RunAsync),
    ["pairs"] = ("a collector's folder: 250, 500 and 1,000 models of 20 vocabularies, indexed cold and warm by the real host", PairsBench.RunAsync),
    ["worker"] = ("several requests at once: total rate, first token, cancellation, allocation; arguments: F32, Q8_0, …, smol", WorkerBench.RunAsync),
    ["node"] = ("the worker's loop against the npm package node-llama-cpp: 1, 4 and 8 clients; arguments as for worker", NodeBench.RunAsync),
    ["predictors"] = ("speculation as users get it against node-llama-cpp's predictors; arguments: F32, Q8_0, …, copy", NodeSpeculationBench.RunAsync),
    ["swap"] = ("a hundred draft swaps while answers are written; argument: type of the widened main", SwapBench.RunAsync),
    ["speculation"] = ("speculation as users get it against plain; arguments: F32, Q8_0, smol, copy, copy:Q8_0, copy:smol, hostile, rounds=N, fixed=4,7", SpeculationBench.RunAsync),
    ["rules"] = ("tokens per pass of four ways to accept a draft; arguments: F32, Q8_0, smol", RulesBench.RunAsync),
    ["sampling"] = ("sampler chain and verifier per row of logits; arguments: vocabulary sizes", SamplingBench.RunAsync),
};

if (args is not [var verb, .. var rest] || !verbs.TryGetValue(verb, out var chosen))
{
    Console.Error.WriteLine("usage: dotnet run -c Release --project tests/bench -- VERB");
    foreach (var (name, (what, _)) in verbs)
        Console.Error.WriteLine($"  {name,-12} {what}");
    return 2;
}

if (OptimizedBuild.FirstThatIsNot() is { } assembly)
{
    Console.Error.WriteLine($"{assembly} is not an optimised build: figures from it would mean nothing. Run with -c Release.");
    return 1;
}

return await chosen.Run(rest);
