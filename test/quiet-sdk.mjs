// The AWS SDK's announcement of which Node it will want next year is no message of ours.
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= "true";
