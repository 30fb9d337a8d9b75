using System.Text;

namespace Tandem.Engine.LlamaCpp.Speculation;

/// <summary>
/// Finds the first of several byte strings in a stream, in time linear in the bytes (Aho and Corasick, 1975). First is the one
/// completed first; of several completed by the same byte, the longest.
/// </summary>
internal sealed class StopMatcher
{
    public const int MostStrings = 64;
    public const int LongestString = 1024;

    private const int Root = 0;
    private const int None = -1;

    // The trie, node by node; children as linked lists, which never hold more than there are strings.
    private readonly List<Node> _nodes = [new Node(0, 0, None)];
    private readonly IReadOnlyList<string> _strings;
    private int _node = Root;

    /// <summary>Strings to find, none of them empty.</summary>
    public StopMatcher(IReadOnlyList<string> strings)
    {
        _strings = strings;
        for (var index = 0; index < strings.Count; index++)
            Insert(Encoding.UTF8.GetBytes(strings[index]), index);
        LinkFailures();
    }

    /// <summary>Bytes at the end of what was read that may be the beginning of a string.</summary>
    public int PendingLength => _nodes[_node].Depth;

    /// <summary>The string that was found; null so far.</summary>
    public string? Match { get; private set; }

    /// <summary>Length of the found string in bytes; it ends with the last byte read.</summary>
    public int MatchLength { get; private set; }

    /// <summary>Reads a byte; true when it completes a string. Nothing is to be read after that.</summary>
    public bool Read(byte value)
    {
        var node = _node;
        int child;
        while ((child = Child(node, value)) == None && node != Root)
            node = _nodes[node].Failure;
        _node = child == None ? Root : child;
        var found = _nodes[_node].Match;
        if (found == None)
            return false;
        Match = _strings[found];
        MatchLength = Encoding.UTF8.GetByteCount(Match);
        return true;
    }

    /// <summary>Adds an error for every stop string a request may not have.</summary>
    public static void Check(IReadOnlyList<string> strings, ICollection<SettingError> errors)
    {
        if (strings.Count > MostStrings)
            errors.Add(SettingError.Invalid("stop", $"stop has {strings.Count} strings; at most {MostStrings} are possible."));
        for (var index = 0; index < strings.Count; index++)
        {
            var length = Encoding.UTF8.GetByteCount(strings[index]);
            if (length is < 1 or > LongestString)
                errors.Add(SettingError.Invalid($"stop[{index}]", $"stop[{index}] has {length} bytes; it must have 1 to {LongestString}."));
        }
    }

    private void Insert(ReadOnlySpan<byte> text, int index)
    {
        var node = Root;
        foreach (var value in text)
        {
            var child = Child(node, value);
            if (child == None)
            {
                child = _nodes.Count;
                _nodes.Add(new Node(value, _nodes[node].Depth + 1, _nodes[node].FirstChild));
                _nodes[node].FirstChild = child;
            }
            node = child;
        }
        if (node != Root && _nodes[node].Match == None)
            _nodes[node].Match = index;
    }

    /// <summary>Breadth first: a node's failure is the longest proper suffix of its text that is in the trie.</summary>
    private void LinkFailures()
    {
        var queue = new Queue<int>([Root]);
        while (queue.TryDequeue(out var parent))
        {
            for (var child = _nodes[parent].FirstChild; child != None; child = _nodes[child].NextSibling)
            {
                var failure = _nodes[parent].Failure;
                var target = None;
                while (parent != Root && (target = Child(failure, _nodes[child].Value)) == None && failure != Root)
                    failure = _nodes[failure].Failure;
                _nodes[child].Failure = target == None ? Root : target;
                if (_nodes[child].Match == None)
                    _nodes[child].Match = _nodes[_nodes[child].Failure].Match;
                queue.Enqueue(child);
            }
        }
    }

    private int Child(int node, byte value)
    {
        var child = _nodes[node].FirstChild;
        while (child != None && _nodes[child].Value != value)
            child = _nodes[child].NextSibling;
        return child;
    }

    private sealed class Node(byte value, int depth, int nextSibling)
    {
        public byte Value => value;

        public int Depth => depth;

        public int NextSibling => nextSibling;

        public int FirstChild { get; set; } = None;

        public int Failure { get; set; } = Root;

        // Index of the longest string that ends here, this node's own or that of a suffix.
        public int Match { get; set; } = None;
    }
}
