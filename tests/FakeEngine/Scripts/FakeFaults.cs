namespace FakeEngine.Scripts;

/// <summary>
/// What goes wrong. <see cref="Spawn"/>, <see cref="Handshake"/> and the plain fields are read from the script of the process,
/// <see cref="Load"/>, <see cref="Ready"/> and <see cref="Stream"/> from the model's.
/// </summary>
public sealed class FakeFaults
{
    /// <summary>Before the socket is bound.</summary>
    public FakeFault? Spawn { get; set; }

    /// <summary>In the probe, before it prints its report.</summary>
    public FakeFault? Probe { get; set; }

    /// <summary>What the probe reports as broken.</summary>
    public List<string> Broken { get; set; } = [];

    /// <summary>In the handshake call.</summary>
    public FakeFault? Handshake { get; set; }

    /// <summary>After the first progress message.</summary>
    public FakeFault? Load { get; set; }

    /// <summary>When the first token is asked for that makes the worker ready.</summary>
    public FakeFault? Ready { get; set; }

    /// <summary>After so many tokens of an answer.</summary>
    public FakeFault? Stream { get; set; }

    /// <summary>SIGTERM does nothing.</summary>
    public bool IgnoreSigterm { get; set; }

    /// <summary>A process of the same group keeps standard output and error open.</summary>
    public bool Grandchild { get; set; }

    /// <summary>Lines of 100 characters written to standard error before the start line.</summary>
    public int StderrLines { get; set; }

    /// <summary>Printed in place of the start line; <c>{endpoint}</c> and <c>{pid}</c> are filled in. Null: the true one.</summary>
    public string? StartLine { get; set; }

    /// <summary>The handshake's proof is made with another token.</summary>
    public bool WrongProof { get; set; }

    /// <summary>Version that the handshake answers; 0: the true one.</summary>
    public uint Protocol { get; set; }
}

/// <summary>One of exit, signal, hang, disconnect, throw and error; the first that is set. Memory and messages come before.</summary>
public sealed class FakeFault
{
    public int? Exit { get; set; }

    /// <summary>Number of the signal that ends the process (Unix).</summary>
    public int? Signal { get; set; }

    /// <summary>Nothing further happens until the call is cancelled (at spawn: for ever).</summary>
    public bool Hang { get; set; }

    /// <summary>The connection is cut, with every call on it; the process lives on.</summary>
    public bool Disconnect { get; set; }

    /// <summary>Takes so many megabytes and keeps them.</summary>
    public int AllocateMegabytes { get; set; }

    /// <summary>An exception that nobody expects.</summary>
    public bool Throw { get; set; }

    /// <summary>Code of a refusal with status INTERNAL.</summary>
    public string Error { get; set; } = "";

    /// <summary>Stream only: tokens sent before it happens.</summary>
    public uint AfterTokens { get; set; }

    /// <summary>Stream only: text the prompt must contain; empty: any prompt.</summary>
    public string When { get; set; } = "";

    /// <summary>Written to standard error first; empty: nothing.</summary>
    public string Message { get; set; } = "";

    /// <summary>How often the message is written.</summary>
    public int Times { get; set; } = 1;
}
