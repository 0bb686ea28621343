// Package graphsim is a simulated Intune tenant: the token endpoint of Microsoft Entra ID and the Microsoft Graph beta
// routes of /deviceManagement/importedDeviceIdentities. It is written from the public documentation and from what people
// observed in the field, and shares no code with the client it tests, so that a misspelt JSON member or a wrong
// assumption on either side is found. Numbers in comments, such as (behaviour 11), are those of the list "What a
// faithful simulator must do" in the project's field notes about this API; [Behaviour] has a knob for each of them that
// is unsettled.
//
// # In a test
//
//	sim, err := graphsim.New(graphsim.Options{Profile: graphsim.ProfileField})
//	...
//	options.Transport = sim                    // azcore: the server is a policy.Transporter
//	client := http.Client{Transport: sim}      // net/http: and a RoundTripper
//	listener, err := sim.Listen("127.0.0.1:0") // a process of its own: HTTPS, listener.CAPEM()
//
// The server answers on every host it is called by, Entra and Graph alike, so the real host names work in process.
// [Server.Token] makes a bearer token where no token endpoint is wanted. [Server.Inject] spoils replies before or after
// the effect, [Server.Hook] lets the world move between two requests, [Server.Tenant] looks at and changes what the
// tenant holds, [Server.Journal] tells what was asked.
//
// # Awkward on purpose
//
// The field profile answers $batch in reverse order, alternates 429s with and without Retry-After, pages by offset (so
// that deletes between two pages skip rows), compares contains() with case, refuses chunked bodies, and is strict about
// member names, JSON types and enum members. Unknown routes answer 501 with the route in the message.
//
// # What is not faithful
//
//   - The clock stands still if Options.Now does: then throttling windows never end and VisibleAfter never passes.
//     Assertions are checked by the same clock.
//   - Tokens are signed with HMAC, not with Entra's RSA keys; only the client credentials grant exists. There is no
//     conditional access and no continuous access evaluation. Tokens for Graph's appid are good on every host.
//   - Throttling has one window for requests and one for writes, of this tenant and app only; the real service adds
//     limits per tenant and for all tenants.
//   - Every answer is fast, on one replica, and uncompressed. Eventual consistency is a fixed delay.
//   - $filter knows contains, eq, and, or and parentheses only. Segment names are compared with case.
//   - $batch does its items one after the other and does not check that dependencies form one of the allowed shapes
//     beyond one dependency per item.
//   - Enrolment, Intune licences, RBAC scopes and the rule that the first Windows identifier changes how other Windows
//     devices enrol are not simulated.
package graphsim
