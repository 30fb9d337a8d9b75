using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Tandem.Host.Chats;

namespace Tandem.Host.Api.Management;

/// <summary>The stored chats of the pages.</summary>
internal static class ChatRoutes
{
    public static IServiceCollection AddStoredChats(this IServiceCollection services)
    {
        foreach (var preference in ChatPreferences.All)
            services.AddSingleton(preference);
        return services.AddSingleton(ChatStore.Schema).AddSingleton<ChatStore>().AddSingleton<StoredChatsEndpoint>();
    }

    public static void MapStoredChats(this WebApplication app)
    {
        var group = app.MapGroup("/api/tandem/chats").WithTags("Tandem");
        group.MapGet("", ApiServices.Lazily<StoredChatsEndpoint>(app, (endpoint, context) => endpoint.ListAsync(context)))
            .Describe<StoredChatList>("Stored chats; ?q= searches names and messages");
        group.MapGet("/{id}", ApiServices.Lazily<StoredChatsEndpoint>(app, (endpoint, context) => endpoint.GetAsync(context)))
            .Describe<StoredChatDetails>("One chat with all its messages");
        group.MapPut("/{id}", ApiServices.Lazily<StoredChatsEndpoint>(app, (endpoint, context) => endpoint.SaveAsync(context)))
            .Describe<StoredChatItem>("Changes a chat, or makes it");
        group.MapPut("/{id}/messages/{message}", ApiServices.Lazily<StoredChatsEndpoint>(app, (endpoint, context) => endpoint.SaveMessageAsync(context)))
            .Describe<StoredChatItem>("Adds a message, or replaces what it says");
        group.MapDelete("/{id}", ApiServices.Lazily<StoredChatsEndpoint>(app, (endpoint, context) => endpoint.RemoveAsync(context)))
            .Describe<StoredChatItem>("Deletes a chat");
    }
}
