using Microsoft.AspNetCore.Http;
using Tandem.Host.Serving;

namespace Tandem.Host.Api.Management;

/// <summary><c>GET /api/tandem/answers</c>: the last answers with their figures, whoever asked.</summary>
internal sealed class AnswersEndpoint(AnswerLog answers)
{
    public Task ListAsync(HttpContext context) => context.Response.WriteAsJsonAsync(
        new AnswerList([.. answers.Answers.Select(AnswerItem.Of)]), ManagementJson.Wire.AnswerList, cancellationToken: context.RequestAborted);
}
