// On Node 20 the SDK announces, at some moment, what it will need in 2027: no test is about that.
process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] = 'true';
