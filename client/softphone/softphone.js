// biome-ignore-all format: the documentation's examples stand here byte for byte.
// biome-ignore-all lint: the same.
// A provider's page. The bodies of the two functions are the examples of Microsoft's documentation, unchanged.

function incomingCall() {
var canceltoken = "cancellationtoken"+ Math.ceil(Math.random() * 100000 + 100000).toString();

 

var input = {
                templateName: "msdyn_chat_incoming_unauthenticated",
                // unique name of the configured template
                templateParameters: {
                },
// unique random token, to identify the notification during cancelEvent call
                cancellationToken: canceltoken
}
Microsoft.CIFramework.notifyEvent(input).then(
                function success(result) {
                                console.log(result);
                                // Perform operations
                },
                function (error) {
                                console.log(error.message);
                                // Handle error conditions
                }
);

  return canceltoken
}

function callerHangsUp(CancelToken) {
// Trying to cancel a notification, use the same cancelToken passed during creation of notification in notifyEvent
Microsoft.CIFramework.cancelEvent(CancelToken).then(
                function success(result) {
                                console.log(result);
                                // Perform operations
                },
                function (error) {
                                console.log(error.message);
                                // Handle error conditions
                }
);
}

// The examples write to the console; this page shows what they write.
var writeToConsole = console.log
console.log = function (said) {
  writeToConsole.apply(console, arguments)
  var line = document.createElement('li')
  line.textContent = typeof said === 'string' ? said : JSON.stringify(said)
  document.getElementById('log').prepend(line)
}

var tokens = []

window.addEventListener('CIFInitDone', function () {
  var call = document.getElementById('call')
  var hangUp = document.getElementById('hang-up')
  call.disabled = false
  hangUp.disabled = false
  call.addEventListener('click', function () {
    tokens.push(incomingCall())
  })
  // The caller who came last hangs up first; without one, a token that nothing was announced with.
  hangUp.addEventListener('click', function () {
    callerHangsUp(tokens.pop() || 'cancellationtoken0')
  })
})
