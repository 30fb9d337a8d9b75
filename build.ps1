# The same commands as .ci/run, for PowerShell: restore, check, build, test. -Functional adds the functional tier.
param([switch]$Functional)

$ErrorActionPreference = 'Stop'
Set-Location $PSScriptRoot

function Invoke-Step([string]$Command) {
    Write-Host "> $Command"
    $words = $Command -split ' '
    & $words[0] $words[1..($words.Length - 1)]
    if ($LASTEXITCODE -ne 0) { exit $LASTEXITCODE }
}

Invoke-Step 'dotnet restore Runtime.sln'
Invoke-Step 'dotnet format Runtime.sln --verify-no-changes --no-restore'
Invoke-Step 'dotnet build Runtime.sln --no-restore'
Invoke-Step 'dotnet test Runtime.sln'
if ($Functional) { Invoke-Step 'dotnet test Runtime.sln --no-build --filter Tier=Functional' }
