package main

import (
	"context"
	"errors"
	"fmt"
	"math/big"
	"net"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	_ "github.com/hashicorp/terraform-plugin-go/tfprotov6/tf6server" // registers the messages of protocol 6
	"github.com/hashicorp/terraform-plugin-go/tftypes"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
)

func dialPlugin(ctx context.Context, address string) (net.Conn, error) {
	network, address, _ := strings.Cut(address, ":")
	var dialer net.Dialer
	return dialer.DialContext(ctx, network, address)
}

// newMessage finds a message by its name: the generated types are internal to
// terraform-plugin-go, and its registry hands them out.
func newMessage(name string) (protoreflect.Message, error) {
	messageType, err := protoregistry.GlobalTypes.FindMessageByName(protoreflect.FullName("tfplugin6." + name))
	if err != nil {
		return nil, fmt.Errorf("protocol 6 has no message %s: %w", name, err)
	}
	return messageType.New(), nil
}

// call sends one request. Its fields are strings or bytes; bytes for a field
// that is a DynamicValue are its MessagePack form.
func (p *process) call(ctx context.Context, method, message string, fields map[string]any) (protoreflect.Message, error) {
	request, err := newMessage(message + ".Request")
	if err != nil {
		return nil, err
	}
	for name, value := range fields {
		field := request.Descriptor().Fields().ByName(protoreflect.Name(name))
		switch value := value.(type) {
		case string:
			request.Set(field, protoreflect.ValueOfString(value))
		case []byte:
			if field.Message() == nil {
				request.Set(field, protoreflect.ValueOfBytes(value))
				continue
			}
			dynamic := request.Mutable(field).Message()
			dynamic.Set(dynamic.Descriptor().Fields().ByName("msgpack"), protoreflect.ValueOfBytes(value))
		}
	}
	response, err := newMessage(message + ".Response")
	if err != nil {
		return nil, err
	}
	if err := p.conn.Invoke(ctx, "/tfplugin6.Provider/"+method, request.Interface(), response.Interface()); err != nil {
		return nil, fmt.Errorf("%s: %w\n%s", method, err, p.stderr)
	}
	return response, diagnosticsOf(response)
}

// diagnosticsOf is what the provider complains about; warnings are left out.
func diagnosticsOf(response protoreflect.Message) error {
	field := response.Descriptor().Fields().ByName("diagnostics")
	var errs []error
	for list, i := response.Get(field).List(), 0; i < list.Len(); i++ {
		diagnostic := list.Get(i).Message()
		fields := diagnostic.Descriptor().Fields()
		if diagnostic.Get(fields.ByName("severity")).Enum() == 1 {
			errs = append(errs, fmt.Errorf("%s: %s", diagnostic.Get(fields.ByName("summary")), diagnostic.Get(fields.ByName("detail"))))
		}
	}
	return errors.Join(errs...)
}

func dynamicField(message protoreflect.Message, name string) []byte {
	dynamic := message.Get(message.Descriptor().Fields().ByName(protoreflect.Name(name))).Message()
	return dynamic.Get(dynamic.Descriptor().Fields().ByName("msgpack")).Bytes()
}

func bytesField(message protoreflect.Message, name string) []byte {
	return message.Get(message.Descriptor().Fields().ByName(protoreflect.Name(name))).Bytes()
}

// instance is a resource in state, encoded as Terraform keeps it: decoding it
// here would be counted as the provider's time.
type instance struct{ state, private []byte }

func (p *process) configure(ctx context.Context, config []byte) error {
	_, err := p.call(ctx, "ConfigureProvider", "ConfigureProvider", map[string]any{"terraform_version": "1.11.4", "config": config})
	return err
}

func (p *process) validate(ctx context.Context, typeName string, config []byte) error {
	_, err := p.call(ctx, "ValidateResourceConfig", "ValidateResourceConfig", map[string]any{"type_name": typeName, "config": config})
	return err
}

func (p *process) read(ctx context.Context, typeName string, prior instance) (instance, error) {
	response, err := p.call(ctx, "ReadResource", "ReadResource", map[string]any{
		"type_name": typeName, "current_state": prior.state, "private": prior.private,
	})
	if err != nil {
		return instance{}, err
	}
	return instance{dynamicField(response, "new_state"), bytesField(response, "private")}, nil
}

func (p *process) plan(ctx context.Context, typeName string, config, proposed []byte, prior instance) (instance, error) {
	response, err := p.call(ctx, "PlanResourceChange", "PlanResourceChange", map[string]any{
		"type_name": typeName, "prior_state": prior.state, "proposed_new_state": proposed, "config": config, "prior_private": prior.private,
	})
	if err != nil {
		return instance{}, err
	}
	if response.Get(response.Descriptor().Fields().ByName("requires_replace")).List().Len() > 0 {
		return instance{}, fmt.Errorf("the plan replaces")
	}
	return instance{dynamicField(response, "planned_state"), bytesField(response, "planned_private")}, nil
}

func (p *process) apply(ctx context.Context, typeName string, config []byte, prior, planned instance) (instance, error) {
	response, err := p.call(ctx, "ApplyResourceChange", "ApplyResourceChange", map[string]any{
		"type_name": typeName, "prior_state": prior.state, "planned_state": planned.state, "config": config, "planned_private": planned.private,
	})
	if err != nil {
		return instance{}, err
	}
	return instance{dynamicField(response, "new_state"), bytesField(response, "private")}, nil
}

// shapes are the types of the provider block and of resources.
type shapes struct {
	provider  tftypes.Object
	resources map[string]*tfprotov6.Schema
}

func shapesOf(ctx context.Context, p provider.Provider) (shapes, error) {
	server, err := providerserver.NewProtocol6WithError(p)()
	if err != nil {
		return shapes{}, err
	}
	schemas, err := server.GetProviderSchema(ctx, &tfprotov6.GetProviderSchemaRequest{})
	if err != nil {
		return shapes{}, err
	}
	object, ok := schemas.Provider.ValueType().(tftypes.Object)
	if !ok {
		return shapes{}, fmt.Errorf("the provider block is a %T", schemas.Provider.ValueType())
	}
	return shapes{provider: object, resources: schemas.ResourceSchemas}, nil
}

// resource is the type of a resource.
func (s shapes) resource(typeName string) (tftypes.Object, error) {
	schema := s.resources[typeName]
	if schema == nil {
		return tftypes.Object{}, fmt.Errorf("the provider has no resource %s", typeName)
	}
	object, ok := schema.ValueType().(tftypes.Object)
	if !ok {
		return tftypes.Object{}, fmt.Errorf("%s is a %T", typeName, schema.ValueType())
	}
	return object, nil
}

// encode is an object with some attributes set and the others null.
func encode(object tftypes.Object, set map[string]any) ([]byte, error) {
	values := map[string]tftypes.Value{}
	for name, attributeType := range object.AttributeTypes {
		switch v := set[name].(type) {
		case tftypes.Value:
			values[name] = v
		case int:
			values[name] = tftypes.NewValue(attributeType, big.NewFloat(float64(v)))
		case map[string]string:
			elements := make(map[string]tftypes.Value, len(v))
			for key, element := range v {
				elements[key] = tftypes.NewValue(tftypes.String, element)
			}
			values[name] = tftypes.NewValue(attributeType, elements)
		default:
			values[name] = tftypes.NewValue(attributeType, v)
		}
	}
	return pack(object, tftypes.NewValue(object, values))
}

func null(object tftypes.Object) ([]byte, error) { return pack(object, tftypes.NewValue(object, nil)) }

func pack(object tftypes.Object, value tftypes.Value) ([]byte, error) {
	dynamic, err := tfprotov6.NewDynamicValue(object, value)
	return dynamic.MsgPack, err
}

// unpack is an encoded object's attributes.
func unpack(object tftypes.Object, raw []byte) (map[string]tftypes.Value, error) {
	value, err := tfprotov6.DynamicValue{MsgPack: raw}.Unmarshal(object)
	if err != nil {
		return nil, err
	}
	var attributes map[string]tftypes.Value
	return attributes, value.As(&attributes)
}
