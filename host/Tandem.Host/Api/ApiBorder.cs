using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Tandem.Host.Storage;

namespace Tandem.Host.Api;

/// <summary>Outermost middleware: whatever happens inside, the client gets an error body, and the host goes on.</summary>
internal sealed class ApiBorder(RequestDelegate next, ILogger<ApiBorder> logger)
{
    public async Task InvokeAsync(HttpContext context)
    {
        try
        {
            await next(context);
            await ApiErrors.CompleteAsync(context);
        }
        catch (Exception) when (context.RequestAborted.IsCancellationRequested)
        {
            // Nobody is left to answer.
        }
        catch (BadHttpRequestException exception) when (!context.Response.HasStarted)
        {
            await ApiErrors.WriteAsync(context, new Failure(FailureCodes.InvalidValue, $"The request cannot be read: {exception.Message}"));
        }
        catch (StorageException exception) when (!context.Response.HasStarted)
        {
            await ApiErrors.WriteAsync(context, exception.Failure);
        }
        catch (Exception exception)
        {
            ApiLog.Unexpected(logger, exception, context.Request.Method, context.Request.Path);
            if (context.Response.HasStarted)
                context.Abort();
            else
                await ApiErrors.WriteAsync(context, new Failure(ApiCodes.InternalError, "Tandem made a mistake; its log has the details."));
        }
    }
}
