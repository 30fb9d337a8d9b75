using System.Runtime.InteropServices;
using System.Text;
using Tandem.Engine.LlamaCpp.Native;
using Tandem.Engine.Worker;

namespace Tandem.Engine.LlamaCpp.Inference;

/// <summary>What the library is told about where a model goes, with the lists it points to. They must live until the model is loaded.</summary>
internal sealed unsafe class ModelParameters : IDisposable
{
    private const int MaxDevices = 16;

    private readonly nint* _devices = (nint*)NativeMemory.AllocZeroed(MaxDevices + 1, (nuint)sizeof(nint));
    private readonly float* _shares = (float*)NativeMemory.AllocZeroed(MaxDevices, sizeof(float));
    private readonly KeyValueOverride* _overrides = (KeyValueOverride*)NativeMemory.AllocZeroed(2, (nuint)sizeof(KeyValueOverride));
    private ModelParams _values = LlamaApi.llama_model_default_params();

    /// <param name="placement">Checked settings.</param>
    /// <param name="architecture">Of the model; needed only for <see cref="Placement.ExpertCount"/>.</param>
    /// <param name="field">Path of the settings in the request.</param>
    /// <exception cref="Grpc.Core.RpcException">A device that this machine lacks.</exception>
    internal ModelParameters(Placement placement, Func<string> architecture, string field)
    {
        try
        {
            _values.GpuLayers = placement.GpuLayers;
            // 0 none, 1 mmap, 2 mlock, 3 both.
            _values.LoadMode = (placement.MemoryMap ? 1 : 0) + (placement.MemoryLock ? 2 : 0);
            SetDevices(placement, field);
            if (placement.ExpertCount is { } experts)
                SetExperts(architecture(), experts);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    internal ref ModelParams Values => ref _values;

    public void Dispose()
    {
        NativeMemory.Free(_devices);
        NativeMemory.Free(_shares);
        NativeMemory.Free(_overrides);
    }

    private void SetDevices(Placement placement, string field)
    {
        if (placement.Devices.Count == 0)
            return;
        var count = 0;
        for (var index = 0; index < placement.Devices.Count; index++)
        {
            var name = placement.Devices[index];
            var device = LlamaApi.ggml_backend_dev_by_name(name);
            if (device == 0 || count == MaxDevices)
                throw Refusal.InvalidArgument("invalid_value", $"{field}.devices[{index}]", $"There is no device '{name}'; there are {string.Join(", ", Service.EngineFacts.Devices().Select(known => known.Name))}.");
            // The list is of accelerators: none of them means the processor.
            if (LlamaApi.ggml_backend_dev_type(device) == 0)
                continue;
            _devices[count] = device;
            if (placement.DeviceShares.Count > 0)
                _shares[count] = placement.DeviceShares[index];
            count++;
        }
        _values.Devices = _devices;
        if (placement.DeviceShares.Count > 0)
            _values.TensorSplit = _shares;
    }

    private void SetExperts(string architecture, uint experts)
    {
        var key = Encoding.UTF8.GetBytes($"{architecture}.expert_used_count");
        key.AsSpan(0, Math.Min(key.Length, 127)).CopyTo(new Span<byte>(_overrides->Key, 128));
        _overrides->Integer = experts;
        _values.KeyValueOverrides = (nint)_overrides;
    }
}
