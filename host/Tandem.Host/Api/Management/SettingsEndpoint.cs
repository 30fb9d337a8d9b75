using Microsoft.AspNetCore.Http;
using Tandem.Host.Storage;

namespace Tandem.Host.Api.Management;

/// <summary><c>GET</c> and <c>PUT /api/tandem/settings</c>.</summary>
internal sealed class SettingsEndpoint(SettingsStore store)
{
    public async Task ListAsync(HttpContext context)
    {
        await store.Loaded.WaitAsync(context.RequestAborted);
        await WriteAsync(context);
    }

    /// <summary>Body: an object of keys and values; null puts a default back. Either all are set or none.</summary>
    public async Task ChangeAsync(HttpContext context)
    {
        using var body = await RequestBody.ReadAsync(context.Request, context.RequestAborted);
        if ((body.Failure ?? await store.SetAsync(body.Root, context.RequestAborted)) is { } failure)
            await ApiErrors.WriteAsync(context, failure);
        else
            await WriteAsync(context);
    }

    private Task WriteAsync(HttpContext context) => context.Response.WriteAsJsonAsync(
        new SettingList([.. store.Known.Values.OrderBy(setting => setting.Key, StringComparer.Ordinal).Select(setting => new SettingItem(
            setting.Key, store.Get(setting), setting.Default, setting.Type, setting.Minimum, setting.Maximum, setting.Choices, setting.Description))]),
        ManagementJson.Wire.SettingList,
        cancellationToken: context.RequestAborted);
}
