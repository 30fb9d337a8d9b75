using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace Tandem.Host.Chat.Jinja;

internal enum TokenKind
{
    Data,
    BlockBegin,
    BlockEnd,
    VariableBegin,
    VariableEnd,
    Name,
    Text,
    Integer,
    Float,
    Operator,
    End,
}

internal readonly record struct Token(TokenKind Kind, string Value, int Line)
{
    public bool Is(string value) => Kind is TokenKind.Operator or TokenKind.Name && Value == value;
}

/// <summary>
/// Cuts a template into tokens, with white space as chat templates are rendered: <c>trim_blocks</c> (the line end after a block goes),
/// <c>lstrip_blocks</c> (the indentation before one goes), and the signs <c>-</c> and <c>+</c> (Jinja's documentation, "Whitespace Control").
/// </summary>
internal sealed partial class Lexer
{
    private const int LongestSource = 4 << 20;
    private static readonly string[] Operators =
        ["//", "**", "==", "!=", "<=", ">=", "+", "-", "/", "*", "%", "~", "[", "]", "(", ")", "{", "}", ".", ":", "|", ",", "<", ">", "="];

    private readonly string _source;
    private readonly List<Token> _tokens = [];
    private int _position;
    private int _line = 1;
    private int _lineCountedTo;
    private bool _lineStarts = true;

    private Lexer(string source) => _source = source;

    public static List<Token> Tokenize(string source)
    {
        if (source.Length > LongestSource)
            throw new TemplateException(TemplateFault.Limit, $"the template is longer than {LongestSource} characters");
        var normal = source.Replace("\r\n", "\n", StringComparison.Ordinal).Replace('\r', '\n');
        if (normal.EndsWith('\n'))
            normal = normal[..^1];
        var lexer = new Lexer(normal);
        lexer.ReadAll();
        return lexer._tokens;
    }

    private int Line
    {
        get
        {
            for (; _lineCountedTo < _position; _lineCountedTo++)
                _line += _source[_lineCountedTo] == '\n' ? 1 : 0;
            return _line;
        }
    }

    private void ReadAll()
    {
        while (_position < _source.Length)
        {
            var next = FindOpening(_position);
            if (next < 0)
            {
                Add(TokenKind.Data, _source[_position..]);
                _position = _source.Length;
                break;
            }
            var kind = _source[next + 1];
            var sign = next + 2 < _source.Length && _source[next + 2] is '-' or '+' ? _source[next + 2] : ' ';
            AddData(_source[_position..next], kind, sign);
            _position = next + (sign == ' ' ? 2 : 3);
            switch (kind)
            {
                case '#':
                    SkipComment();
                    break;
                case '%' when TrySkip("raw", opens: true):
                    ReadRaw();
                    break;
                default:
                    ReadInside(kind == '%' ? (TokenKind.BlockBegin, TokenKind.BlockEnd, "%}") : (TokenKind.VariableBegin, TokenKind.VariableEnd, "}}"));
                    break;
            }
        }
        Add(TokenKind.End, "");
    }

    private int FindOpening(int from)
    {
        for (var i = _source.IndexOf('{', from); i >= 0 && i + 1 < _source.Length; i = _source.IndexOf('{', i + 1))
        {
            if (_source[i + 1] is '%' or '{' or '#')
                return i;
        }
        return -1;
    }

    private void AddData(string text, char kind, char sign)
    {
        if (sign == '-')
        {
            text = TrimEnd(text);
        }
        else if (sign != '+' && kind != '{')
        {
            var lineStart = text.LastIndexOf('\n') + 1;
            if ((lineStart > 0 || _lineStarts) && text[lineStart..].All(PythonText.IsSpace))
                text = text[..lineStart];
        }
        if (text.Length > 0)
            Add(TokenKind.Data, text);
    }

    private void SkipComment()
    {
        var end = _source.IndexOf("#}", _position, StringComparison.Ordinal);
        if (end < 0)
            throw Fault("a comment is not closed");
        var sign = end > _position ? _source[end - 1] : ' ';
        _position = end + 2;
        AfterBlock(sign);
    }

    private void ReadRaw()
    {
        for (var from = _position; ; from += 2)
        {
            from = _source.IndexOf("{%", from, StringComparison.Ordinal);
            if (from < 0)
                throw Fault("a raw block is not closed");
            var (start, starts) = (_position, _lineStarts);
            var sign = from + 2 < _source.Length ? _source[from + 2] : ' ';
            _position = from + (sign is '-' or '+' ? 3 : 2);
            if (!TrySkip("endraw", opens: false))
            {
                _position = start;
                continue;
            }
            (starts, _lineStarts) = (_lineStarts, starts);
            AddData(_source[start..from], '%', sign);
            _lineStarts = starts;
            return;
        }
    }

    /// <summary>Skips a block that holds one word only, and the white space behind it.</summary>
    /// <param name="opens">The opening of a raw block leaves the line end behind it, and knows no plus.</param>
    private bool TrySkip(string word, bool opens)
    {
        var i = SkipSpace(_position);
        var sign = ' ';
        if (string.CompareOrdinal(_source, i, word, 0, word.Length) != 0)
            return false;
        i = SkipSpace(i + word.Length);
        if (i < _source.Length && _source[i] is '-' or '+')
            sign = _source[i++];
        if (string.CompareOrdinal(_source, i, "%}", 0, 2) != 0 || (opens && sign == '+'))
            return false;
        _position = i + 2;
        AfterBlock(opens && sign == ' ' ? '+' : sign);
        return true;
    }

    private static string TrimEnd(string text)
    {
        var end = text.Length;
        while (end > 0 && PythonText.IsSpace(text[end - 1]))
            end--;
        return text[..end];
    }

    private int SkipSpace(int i)
    {
        while (i < _source.Length && PythonText.IsSpace(_source[i]))
            i++;
        return i;
    }

    private void AfterBlock(char sign)
    {
        var before = _position;
        if (sign == '-')
            _position = SkipSpace(_position);
        else if (sign != '+' && _position < _source.Length && _source[_position] == '\n')
            _position++;
        _lineStarts = _position > before && _source[_position - 1] == '\n';
    }

    private void ReadInside((TokenKind Begin, TokenKind End, string Close) tag)
    {
        Add(tag.Begin, "");
        var open = new Stack<char>();
        while (true)
        {
            _position = SkipSpace(_position);
            if (_position >= _source.Length)
                throw Fault($"\"{tag.Close}\" is missing");
            if (open.Count == 0 && TryClose(tag.End, tag.Close))
                return;
            ReadToken(open);
        }
    }

    private bool TryClose(TokenKind end, string close)
    {
        var sign = _source[_position] is '-' or '+' ? _source[_position] : ' ';
        if (string.CompareOrdinal(_source, _position + (sign == ' ' ? 0 : 1), close, 0, 2) != 0)
            return false;
        Add(end, "");
        _position += sign == ' ' ? 2 : 3;
        // Only blocks take the line end behind them; after an expression it stays.
        AfterBlock(end == TokenKind.VariableEnd && sign == ' ' ? '+' : sign);
        return true;
    }

    private void ReadToken(Stack<char> open)
    {
        var c = _source[_position];
        if (c is '\'' or '"')
            Add(TokenKind.Text, ReadText(c));
        else if (char.IsAsciiDigit(c))
            ReadNumber();
        else if (char.IsLetter(c) || c == '_')
            ReadName();
        else
            ReadOperator(open);
    }

    private void ReadName()
    {
        var start = _position;
        while (_position < _source.Length && (char.IsLetterOrDigit(_source[_position]) || _source[_position] == '_'))
            _position++;
        Add(TokenKind.Name, _source[start.._position]);
    }

    private void ReadNumber()
    {
        var match = Number().Match(_source, _position);
        var kind = match.Groups["real"].Success ? TokenKind.Float : TokenKind.Integer;
        Add(kind, match.Value.Replace("_", "", StringComparison.Ordinal));
        _position += match.Length;
    }

    private void ReadOperator(Stack<char> open)
    {
        var found = Array.Find(Operators, one => string.CompareOrdinal(_source, _position, one, 0, one.Length) == 0)
            ?? throw Fault($"'{_source[_position]}' is not expected here");
        if (found is "(" or "[" or "{")
            open.Push(found[0]);
        else if (found is ")" or "]" or "}" && (!open.TryPop(out var opening) || "([{".IndexOf(opening) != ")]}".IndexOf(found[0])))
            throw Fault($"'{found}' closes nothing");
        Add(TokenKind.Operator, found);
        _position += found.Length;
    }

    private string ReadText(char quote)
    {
        var text = new StringBuilder();
        for (_position++; _position < _source.Length; _position++)
        {
            var c = _source[_position];
            if (c == quote)
            {
                _position++;
                return text.ToString();
            }
            if (c == '\\' && _position + 1 < _source.Length)
                ReadEscape(text);
            else
                text.Append(c);
        }
        throw Fault("a text is not closed");
    }

    /// <summary>Python's escapes; one that Python does not know stays as it is.</summary>
    private void ReadEscape(StringBuilder text)
    {
        var c = _source[++_position];
        const string letters = "ntrabfv\\'\"";
        const string values = "\n\t\r\a\b\f\v\\'\"";
        var known = letters.IndexOf(c, StringComparison.Ordinal);
        var digits = c switch { 'x' => 2, 'u' => 4, 'U' => 8, _ => 0 };
        if (known >= 0)
            text.Append(values[known]);
        else if (digits > 0 && _position + digits < _source.Length
            && int.TryParse(_source.AsSpan(_position + 1, digits), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var code)
            && code is >= 0 and <= 0x10FFFF)
        {
            text.Append(code is >= 0xD800 and <= 0xDFFF ? ((char)code).ToString() : char.ConvertFromUtf32(code));
            _position += digits;
        }
        else if (c is >= '0' and <= '7')
            ReadOctal(text);
        else if (c != '\n')
            text.Append('\\').Append(c);
    }

    private void ReadOctal(StringBuilder text)
    {
        var end = _position;
        var code = 0;
        for (; end < _source.Length && end < _position + 3 && _source[end] is >= '0' and <= '7'; end++)
            code = (code * 8) + _source[end] - '0';
        text.Append((char)code);
        _position = end - 1;
    }

    [GeneratedRegex(@"\G(?:(?<real>(?:\d+_)*\d+(?:(?:\.(?:\d+_)*\d+)?[eE][+-]?(?:\d+_)*\d+|\.(?:\d+_)*\d+))|0[bB](?:_?[01])+|0[oO](?:_?[0-7])+|0[xX](?:_?[0-9a-fA-F])+|[1-9](?:_?\d)*|0(?:_?0)*)", RegexOptions.CultureInvariant | RegexOptions.ECMAScript)]
    private static partial Regex Number();

    private void Add(TokenKind kind, string value) => _tokens.Add(new Token(kind, value, Line));

    private TemplateException Fault(string message) => new(TemplateFault.Syntax, message, Line);
}
