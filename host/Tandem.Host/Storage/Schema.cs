namespace Tandem.Host.Storage;

/// <summary>
/// The tables of one feature, as the steps that lead to them. Registered as a service; applied in order of names when the database is
/// opened. A step that has been released is never changed: what has to be different comes as a further step.
/// </summary>
/// <param name="Feature">Owner of the tables, e.g. <c>settings</c>; the tables' names begin with it.</param>
/// <param name="Migrations">SQL by number, the first is 1. Each runs in a transaction of its own, after a copy of the file was made.</param>
public sealed record Schema(string Feature, params IReadOnlyList<string> Migrations);
