// As shown:
// renderer.tsx - React component
import { conductor } from '@atomiton/conductor';

function WorkflowButton() {
  const handleClick = async () => {
    const result = await conductor.execute({
      flowId: 'file-processor',
      inputs: { path: '/selected/file.csv' }
    });
  };

  return <button onClick={handleClick}>Process File</button>;
}
